"""Files that a browser sent, as files that readers open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fmri2ges.errors import UserError

LONGEST = 80  # letters of a name that are kept, its end


@contextmanager
def as_files(given: Iterable[tuple[str, bytes]]) -> Iterator[list[Path]]:
    """Write files for the block, each under its own name; an error inside names them as the user does.

    Parameters
    ----------
    given : name and content of each file
    """
    with TemporaryDirectory(prefix="fmri2ges-") as folder:
        paths = []
        for k, (name, content) in enumerate(given):
            # A name of the browser is only a name: nothing of it leads to another folder.
            path = Path(folder) / str(k) / (re.sub(r"[^\w.-]", "_", name)[-LONGEST:].lstrip("-.") or "file")
            path.parent.mkdir()
            path.write_bytes(content)
            paths.append(path)
        try:
            yield paths
        except UserError as error:
            text = str(error)
            for path in paths:
                text = text.replace(str(path), path.name)
            raise UserError(text) from error
