"""What `check` says of every case in shared/cases, as a table: `python -m tests.cases_table [WORD ...]`.

A case is a folder with a study (fmri), a folder with one clip (motion), or an ROI file (rois). `WANTED` holds
what a case must give: add a line there for each case that is mended. Words on the command line choose cases.
"""

from __future__ import annotations

import re
import sys
import tempfile
import traceback
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CASES = ROOT.parent / "shared" / "cases"
STUDY = """name = "case"
[[gesture]]
clip = "c"
motion = "{motion}"
words = "{words}"
speaker = "1"
{skeleton}
[split]
"""


class Kind(Enum):
    """Where the answer to a case stands."""

    PROBLEM = "error"
    NOTE = "note"
    FINE = "fine"  # no problem; a pattern is looked for in the summary


@dataclass(frozen=True)
class Want:
    """What must be said: a pattern in a line of this kind. Notes and summary count only without a problem."""

    kind: Kind
    pattern: str = ""


def error(pattern: str) -> Want:
    return Want(Kind.PROBLEM, pattern)


def note(pattern: str) -> Want:
    return Want(Kind.NOTE, pattern)


def fine(pattern: str = "") -> Want:
    return Want(Kind.FINE, pattern)


WANTED = {
    "e01-narratives-pieman-music-then-story": note(r": 0 s added to the words \(pieman_audio.wav starts at 0 s"),
    "w02-utf16be-nobom": fine("60 words"),
    "w05-mfa-unk-spn": note(r"24 of 60 words dropped, .* \(15 <unk>, 9 spn\)"),
    "w09-cp1252-apostrophe": note("read as Windows-1252, for example 'don’t'"),
    "w09b-macroman": note("read as MacRoman, for example 'don’t'"),
    "w10-duplicate-tier-names": error(r"which tier holds the words\? .*'words#1' \(40 labels\).*'words#2' \(20"),
    "w11-only-phones": error("no tier of words; .*'phones'"),
    "w21-whisper-timestamped": fine("60 words"),
    "w22-openai-whisper": fine("60 words"),
    "w22b-whisperx": fine("60 words"),
    "w23-mfa-json": fine("60 words"),
    "t06-tr-in-ms": error(r"1166.7 minutes.* 0.2 to 59.7 s: .*looks like milliseconds: write tr = 2$"),
    "t07-tr-too-long-no-header": error(r"0.0 to 800.0 s .* 0.2 to 59.7 s: it lasts 13.4 times as long"),
    "h04-transposed": error("16.7 minutes.* 0.2 to 59.7 s: .*500 rows and 35 columns and looks transposed"),
    "t09-study-bom": fine("60 words"),
    "t10-windows-path": error(r"bold: .*control character; in TOML a backslash .* begins an escape: write"),
    "t10b-windows-path-u": error(r"line 6, .* a backslash .* begins an escape: write the path with /"),
    "g06-n-by-1-arrays": fine("fsaverage5"),
    "g07-node-index-first": fine("fsaverage5"),
    "h06-nan-first-rows": note(r"masked \(5 at the start\): .* the others keep their times"),
    "n04-tr-2000-unit-s": note("TR 2 s counts, as the study says; the header says 2000 s"),
    "n05-tr-1-wrong-header": note("TR 2 s counts, as the study says; the header says 1 s"),
    "b02-header-tr1-json-2": note("TR 2 s counts, as the study says; the header says 1 s"),
    "b05-multi-echo": error('narrow it down with echo = "1" or "2" or "none"'),
    "b06-two-acq": error('narrow it down with acq = "a" or "b"'),
    "t02-csv-semicolon-decimal-comma": error("'0,3456' has a decimal comma"),
    "t03-tsv-decimal-comma": error("'0,3456' has a decimal comma"),
    "t05-confounds-key": error("conf.tsv: has 1 rows, but the recording has 35 volumes"),
    "t12b-annex-pointer-file": error("bold.tsv: the content is missing; run: datalad get "),
    "t12c-lfs-pointer-npy": error("b.npy: the content is missing; run: git lfs pull"),
    "t17-thousand-quotes": fine("table of 2 ROIs"),
    "lh.mask-n1.func.gii": fine("mask-n1: 102 vertices"),
    "lh.noctab.annot": error("has no colour table"),
    "mask255.nii.gz": fine("mask255: 76 vertices"),
    "roidraw.json": fine("V1: 5 vertices"),
    "m02-subject-without-training-story": error("subject b has no training story"),
    "blender_dot": fine("centimetres"),
    "classic": fine("centimetres"),
    "hik_prefix": fine("centimetres"),
    "underscore_mixamo": fine("centimetres"),
    "frames_plus1": note("901 frames follow where the header announces 900; all are taken"),
    "ft_ms": error(r"line 109: .*it looks like milliseconds: write 0.0333333"),
    "glued": note("numbers that a minus sign glues together were taken apart"),
    "nospace_minus": note("numbers that a minus sign glues together were taken apart"),
    "lefthanded": note("the sides may be swapped or the axes left-handed"),
    "motion_word": fine("centimetres"),
    "npz_flatmat": error("hold rotation matrices, not axis-angle"),
    "npz_quat24": error("hold quaternions, not axis-angle"),
    "npz_rate_key2": fine("120 frames per second"),
    "npz_rate_str": fine("120 frames per second"),
    "npz_zero": error("the body never moves"),
    "still_tpose": error("the body never moves"),
    "own_constant": error("the body never moves"),
    "own_cm": note("read as centimetres"),
    "own_zup": note(r"\+z up, turned by"),
    "own_ydown": note("-y up, turned by"),
    "own_mirror": error("the body is mirrored"),
    "swapped_map": error("left and right are swapped: left_shoulder is mapped to RightArm"),
    "six_delta": note("position channels of 16 joints .* hold displacements"),
    "wrist_is_elbow": error("gives one joint to two roles: left_elbow and left_wrist"),
    "zero_bone": error(r"the bone from LeftArm \(left_shoulder\) to LeftForeArm \(left_elbow\) has length zero"),
    "zero_head": error(r"the bone from Neck \(neck\) to Head \(head\) has length zero"),
    "words_mostly_outside": error(r"motion \(300 frames .*69 of 93 words lie outside"),
}


@dataclass(frozen=True)
class Outcome:
    """What a case gives now.

    Parameters
    ----------
    case : name of the folder or file
    problems, notes, summary : lines of `check`
    trace : a traceback, where one reached the user; else empty
    """

    case: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    trace: str = ""

    @property
    def now(self) -> str:
        """The answer in one line."""
        if self.trace:
            return f"TRACEBACK {self.trace.strip().splitlines()[-1]}"
        if self.problems:
            return "error: " + " | ".join(self.problems)
        return "fine" + "".join(f" | note: {line}" for line in self.notes)

    def gives(self, want: Want) -> bool:
        """Whether the answer is the wanted one."""
        if self.trace or (want.kind is not Kind.PROBLEM and self.problems):
            return False
        lines = {Kind.PROBLEM: self.problems, Kind.NOTE: self.notes, Kind.FINE: self.summary or ("",)}[want.kind]
        return any(re.search(want.pattern, line) for line in lines)


def outcomes(*words: str) -> list[Outcome]:
    """The answers of all cases whose name holds one of the words; of all without words."""
    found = []
    for folder in sorted((CASES / "fmri").glob("*/study.toml")):
        found.append((folder.parent.name, lambda path=folder: _study(path)))
    for folder in sorted(p for p in (CASES / "motion").iterdir() if p.is_dir()):
        found.append((folder.name, lambda path=folder: _clip(path)))
    for path in sorted((CASES / "fmri" / "rois").iterdir()):
        found.append((path.name, lambda path=path: _rois(path)))
    return [_outcome(name, run) for name, run in found if not words or any(word in name for word in words)]


def _outcome(name: str, run) -> Outcome:
    from fmri2ges.errors import StudyError, UserError

    try:
        return Outcome(name, *run())
    except StudyError as refused:
        return Outcome(name, refused.problems)
    except UserError as refused:
        return Outcome(name, (str(refused),))
    except Exception:
        return Outcome(name, trace=traceback.format_exc())


def _study(path: Path) -> tuple:
    from fmri2ges.data.study.check import check_study

    checked = check_study(path)
    return checked.problems, checked.notes, checked.summary


def _clip(folder: Path) -> tuple:
    (motion,) = folder.glob("g.*")
    mapping = folder / "skeleton.toml"
    skeleton = f'skeleton = "{mapping.as_posix()}"' if mapping.is_file() else ""
    text = STUDY.format(motion=motion.as_posix(), words=(folder / "words.tsv").as_posix(), skeleton=skeleton)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "study.toml"
        path.write_text(text, encoding="utf-8")
        return _study(path)


def _rois(path: Path) -> tuple:
    from fmri2ges.data.rois.files import read_rois

    found = read_rois(path)
    return (), (), tuple(f"{roi.name}: {int(roi.mask.sum())} vertices" for roi in found)


def expected(case: str) -> str:
    """What the README of the cases says a user expects."""
    for line in (CASES / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) < 2 or cells[0] in ("case", "---"):
            continue
        names = re.findall(r"[\w./-]+", cells[0].replace("rois/", ""))
        if any(case == name or case.startswith(f"{name}-") for name in names):
            return cells[1]
    return ""


def main(words: list[str]) -> int:
    """Print the table; 1 where a case gives a traceback or not what is wanted."""
    wrong = 0
    print("| case | expected | now | as wanted |\n|---|---|---|---|")
    for outcome in outcomes(*words):
        want = WANTED.get(outcome.case)
        kept = "" if want is None else "yes" if outcome.gives(want) else "NO"
        wrong += bool(outcome.trace) or kept == "NO"
        now = outcome.now.replace(f"{CASES.as_posix()}/", "").replace("|", "\\|")
        print(f"| {outcome.case} | {expected(outcome.case)} | {now} | {kept} |")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
