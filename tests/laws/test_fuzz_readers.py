"""Damaged files of every reader: each is read as a possible value, or refused in one line, in bounded memory and time.

The quick tests damage every file a few times, the slow ones 500 times; `--fuzz N` says how often in both.
"""

import ast
import sys
import zlib
from pathlib import Path

import pytest

import fmri2ges
from fmri2ges.data.bold import formats as bold
from fmri2ges.data.motion import files as motion
from fmri2ges.data.rois import formats as rois
from fmri2ges.data.words import formats as words
from tests.fuzz import mutations, outcome
from tests.readers import CASES

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:nibabel.*"),  # of damaged headers
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]
ROOT = Path(fmri2ges.__file__).parent
REGISTRIES = {
    *(f"bold {ending}" for ending in bold.FORMATS),
    *(f"roi {ending}" for ending in rois.FORMATS),
    *(f"words {reader.name}" for reader in words.READERS),
    *(f"motion {ending}" for ending in motion.READERS),
}
VERBS = ("read_", "load_", "open_", "import_", "parse_", "find_tr", "place_story", "report_")
PLACES = ("path", "file", "folder", "zip_path", "events", "target")
# What reads no file of a user's.
NO_READERS = {
    "load_encoder",  # ships with the package
    "open_demo",
    "read_json",  # a step of others, as the next ones
    "open_pair",
}


@pytest.mark.parametrize("name", CASES)
def test_damage_is_refused_in_one_line_or_gives_a_possible_value(name, tmp_path, request):
    damage(name, tmp_path, request.config.getoption("--fuzz") or CASES[name].quick, zlib.crc32(name.encode()))


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_much_damage_is_refused_in_one_line_or_gives_a_possible_value(name, tmp_path, request):
    damage(name, tmp_path, request.config.getoption("--fuzz") or 500, zlib.crc32(name.encode()) + 1)


def damage(name: str, folder: Path, n: int, seed: int) -> None:
    """Read n damaged copies of a reader's file."""
    case = CASES[name]
    whole = case.make(folder)
    data = whole.read_bytes()
    place = whole.with_name(case.name) if case.name else whole
    place.write_bytes(data)
    if case.reads:
        case.check(case.read(place))
    found = [tried(case, place, damaged) for damaged in mutations(data, n, seed)]
    assert n < 20 or not case.refuses or not all(found), "no damage was noticed"


def tried(case, place: Path, damaged: bytes) -> bool:
    """Whether damaged bytes are read; the test fails unless they give a possible value or a line."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(damaged)
    read, value = outcome(case.read, place)
    if read:
        try:
            case.check(value)
        except AssertionError as error:
            raise AssertionError(f"{place}: a value that cannot be: {error}") from error
    return read


def test_every_format_of_a_registry_is_damaged():
    assert {name for case in CASES.values() for name in case.formats} == REGISTRIES


def readers() -> set[tuple[str, str]]:
    """(file, name) of every public function that reads a file of a user's, by its name and first parameter."""
    found = set()
    for file in sorted(p for part in ("data", "storage") for p in (ROOT / part).rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith(VERBS) or not node.args.args:
                continue
            if node.args.args[0].arg in PLACES and node.name not in NO_READERS:
                found.add((str(file), node.name))
    return found


def test_every_reader_is_reached_by_a_case(tmp_path):
    """A new reader that no case reads a file with has to get one in tests/readers/."""
    wanted, called = readers(), set()
    assert len(wanted) > 50

    def watch(frame, event, argument):
        if event == "call":
            called.add((frame.f_code.co_filename, frame.f_code.co_name))

    for k, case in enumerate(case for case in CASES.values() if case.reads):
        (tmp_path / str(k)).mkdir()
        whole = case.make(tmp_path / str(k))
        sys.setprofile(watch)
        try:
            case.read(whole)
        finally:
            sys.setprofile(None)
    assert sorted(wanted - called) == []
