"""The parts that every report ends with: how it was made, versions and digests, licences, what to cite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..brain.atlas import DATA
from ..brain.space import has_cortex
from ..storage.portable import portable
from . import html
from .html import Html, Section

SMALLER = "left out, so that the report stays below 5 MB"  # of a part
SOFTWARE = "fMRI2GES: an independent implementation, version {version}{commit}."
METHOD = (
    "Zhu et al. fMRI2GES: Co-speech Gesture Reconstruction from fMRI Signal with Dual Brain Decoding Alignment. "
    "IEEE TCSVT 35(9), 2025. doi 10.1109/TCSVT.2025.3558125, arXiv:2512.01189."
)
ATLAS = "Glasser et al. HCP-MMP1.0 cortical parcellation. Nature 536:171-178, 2016. doi 10.1038/nature18933."
INDEPENDENT = (
    "This software is an independent implementation from the public abstract of the method; no number of that paper is "
    "reproduced here."
)
MESH = "The mesh is FreeSurfer's fsaverage5 as nilearn ships it."
VECTORS = (
    "Word vectors: GloVe 6B, 50 dimensions, under the Open Data Commons Public Domain Dedication and Licence "
    "(PDDL 1.0)."
)
OWN_DATA = (
    "Recordings, texts and motion belong to the study; this report states no licence for them. Ask who gave them "
    "before you pass the report on."
)
MADE_DATA = "The study says that its recordings are simulated; this report states no licence for them."


@dataclass(frozen=True)
class Origin:
    """Where the content of a report comes from.

    Parameters
    ----------
    manifest : provenance of the result, without places of this machine
    space : kind of the space of the recordings, empty where it is not known
    simulated : whether the recordings are simulated
    command, python : what makes the result again, as lines to type
    """

    manifest: dict[str, Any]
    space: str
    simulated: bool
    command: str
    python: str

    def sections(self) -> tuple[Section, ...]:
        """The last parts of a report."""
        return (
            Section("made", "How it was made", self._made()),
            Section("versions", "Versions and digests", self._versions()),
            Section("licences", "Licences", self._licences()),
            Section("cite", "What to cite", self._cite()),
        )

    def _made(self) -> Html:
        return html.joined(
            (
                html.paragraph("On the command line, in the folder that holds the run (demo comes with the program):"),
                html.code(self.command),
                html.paragraph("In Python:"),
                html.code(self.python),
            )
        )

    def _versions(self) -> Html:
        manifest = self.manifest
        named = {
            "made on": manifest.get("created"),
            "study": manifest.get("study_name"),
            "device": manifest.get("device"),
            "seed": manifest.get("seed"),
            "commit of fMRI2GES": manifest.get("commit"),
            "digest of the run": manifest.get("run_digest"),
            "digest of the result": manifest.get("digest"),
        }
        rows = {name: str(value) for name, value in named.items() if value not in (None, "")}
        parts = [html.facts(rows), html.heading("Versions"), html.facts(texts(manifest.get("versions")))]
        for name, title in (("digests", "Inputs, SHA-256"), ("weights", "Weights, SHA-256")):
            if found := texts(manifest.get(name)):
                parts += [html.heading(title), html.facts(found)]
        if isinstance(decoded := manifest.get("decoded"), list):
            found = {f"decoded story {k}": str(digest) for k, digest in enumerate(decoded, start=1)}
            parts += [html.heading("Decoded results, digests"), html.facts(found)]
        return html.joined(parts)

    def _licences(self) -> Html:
        parts = [html.paragraph(MADE_DATA if self.simulated else OWN_DATA), html.paragraph(VECTORS)]
        if has_cortex(self.space):
            notice = (DATA / "NOTICE.txt").read_text(encoding="utf-8")
            parts += [html.paragraph(MESH), html.paragraph("Atlas:"), html.element("pre", notice, class_="notice")]
        return html.joined(parts)

    def _cite(self) -> Html:
        commit = self.manifest.get("commit")
        version = version_of(self.manifest) or "unknown"
        software = SOFTWARE.format(version=version, commit=f", commit {commit}" if commit else "")
        works = [METHOD, software, *([ATLAS] if has_cortex(self.space) else [])]
        return html.joined((html.listing(works), html.paragraph(INDEPENDENT)))


def texts(values: Any) -> dict[str, str]:
    """A mapping of a manifest as texts; nothing where it is none."""
    return {str(name): str(value) for name, value in values.items()} if isinstance(values, Mapping) else {}


def version_of(manifest: Mapping[str, Any]) -> str:
    """The version of this software that made something; empty where it is not said."""
    return texts(manifest.get("versions")).get("fmri2ges", "")


def without_places(value: Any) -> Any:
    """A JSON value that may travel: of every absolute path the last name stays."""
    return portable(value, Path.cwd())
