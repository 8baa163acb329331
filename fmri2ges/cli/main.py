"""`python -m fmri2ges ...`: the functions of the library as commands, nothing more.

Exit codes: 0 done, 1 a bug of ours (traceback), 2 the input is wrong (one line per problem),
130 cancelled.
"""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Optional

import typer

from .. import __version__
from ..errors import Cancelled, StudyError, UserError, check_option
from ..work import Work

DEVICES = ("auto", "cpu", "cuda", "mps")
BRANCHES = ("both", "text", "direct")

app = typer.Typer(
    name="fmri2ges",
    help="Co-speech gestures decoded from fMRI by a text branch and a direct branch.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

StudyFile = Annotated[Path, typer.Argument(metavar="STUDY.toml", help="The study file.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the random generators.")]
Device = Annotated[str, typer.Option(help=f"One of: {', '.join(DEVICES)}.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a finished run of this name.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        print(__version__)
    elif context.invoked_subcommand is None:
        print(context.get_help())


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    seed: Seed = 0,
    subjects: Annotated[int, typer.Option(min=1, help="Number of listeners.")] = 1,
    null: Annotated[bool, typer.Option("--null", help="Plant no signal anywhere.")] = False,
    planted: Annotated[Optional[str], typer.Option(help="ROI groups that carry signal, with commas between.")] = None,
    force: Force = False,
) -> None:
    """Write a study with known truth: OUT/study.toml and OUT/truth/."""
    from ..demo.study import simulate_study
    from ..storage.folder import make_room

    with make_room(out, force), progress_bar() as progress:
        path = simulate_study(
            out, seed=seed, subjects=subjects, null=null, planted=split_names(planted), work=Work(progress)
        )
    print(path)


@app.command()
def check(
    study: StudyFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read everything that a study names and list every problem."""
    import json

    from ..data.study.check import check_study, checked_to_dict

    with progress_bar() as progress:
        checked = check_study(study, progress=progress)
    if as_json:
        print(json.dumps(checked_to_dict(checked), indent=2, ensure_ascii=False))
        if checked.problems:
            raise typer.Exit(2)
        return
    for line in checked.summary:
        print(line)
    for line in checked.notes:
        print(f"note: {line}")
    if checked.problems:
        raise StudyError(checked.problems)
    print("no problems found")


@app.command()
def train(
    study: StudyFile,
    out: Annotated[Path, typer.Option(metavar="RUN", help="Run folder to make.")],
    preset: Annotated[str, typer.Option(help="demo or full.")] = "demo",
    device: Device = "auto",
    seed: Seed = 0,
    lm: Annotated[
        str,
        typer.Option(
            "--lm", help="Also fit the Bayesian F2T: bigram, smollm2, or the folder of a causal language model."
        ),
    ] = "",
    lm_layer: Annotated[
        Optional[int], typer.Option(min=1, help="Block whose output is the feature; default: the middle one.")
    ] = None,
    lm_context: Annotated[int, typer.Option(min=1, help="Words that each word of the language model sees.")] = 16,
    force: Force = False,
) -> None:
    """Train F2T, T2G and F2G on a study."""
    check_option("--preset", preset, ("demo", "full"))
    check_option("--device", device, DEVICES)
    from ..storage.folder import make_room

    with make_room(out, force), progress_bar() as progress:
        from ..training.presets import preset_config
        from ..training.train import train_study

        config = replace(preset_config(preset), lm=lm, lm_layer=lm_layer, lm_context=lm_context)
        path = train_study(study, out, config, device, seed, Work(progress))
    print(path)


@app.command()
def decode(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A trained run, or the word demo for the shipped weights.")
    ],
    subject: Annotated[str, typer.Option(help="Subject of the study.")],
    story: Annotated[str, typer.Option(help="A story that was held out from training.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to make.")],
    rois: Annotated[Optional[str], typer.Option(help="ROI names with commas between; default: all.")] = None,
    roi_file: Annotated[
        Optional[list[Path]],
        typer.Option(
            help="Names in .txt or .json; or .label.gii, .annot, .label, .dlabel.nii, .nii.gz, overlays.svg, .csv, .json "
            "(FILE#NAME takes one label); may be given twice."
        ),
    ] = None,
    branch: Annotated[str, typer.Option(help=f"One of: {', '.join(BRANCHES)}.")] = "both",
    samples: Annotated[int, typer.Option(min=1, help="Samples per branch.")] = 8,
    start: Annotated[Optional[float], typer.Option(help="First second of the story.")] = None,
    stop: Annotated[Optional[float], typer.Option(help="Last second of the story.")] = None,
    device: Device = "auto",
    seed: Seed = 0,
    f2t: Annotated[str, typer.Option("--f2t", help="fast, or bayes in a run trained with --lm.")] = "fast",
    beam: Annotated[int, typer.Option(min=1, help="Width of the search of the Bayesian F2T.")] = 20,
    force: Force = False,
) -> None:
    """Decode gestures and words from the BOLD of chosen ROIs."""
    check_option("--branch", branch, BRANCHES)
    check_option("--device", device, DEVICES)
    if rois and roi_file:
        raise UserError("--rois and --roi-file: give one of them")
    from ..data.rois.files import check_file, split_choice
    from ..storage.folder import RunFolder, make_room, open_run

    for file in roi_file or ():
        check_file(split_choice(file)[0])
    demo = str(run) == "demo" and not run.exists()
    if not demo:
        open_run(run)  # before torch is imported: a wrong path is answered at once
    with make_room(out, force), RunFolder(out) as folder, progress_bar(folder.progress) as progress:
        progress(0.0, "loading the models")
        from ..decoding.roi_files import chosen_rois
        from ..decoding.session import Session, open_demo
        from ..storage.decoded import write_decoded

        session = open_demo(device=device) if demo else Session.open(run, device=device)
        names, note = chosen_rois(session, subject, roi_file) if roi_file else (split_names(rois) or ("all",), "")
        decoded = session.decode(
            subject,
            story,
            rois=names,
            branch=branch,
            samples=samples,
            start=start,
            stop=stop,
            seed=seed,
            f2t=f2t,
            beam=beam,
            progress=progress,
        )
        write_decoded(decoded, folder.path, roi_note=note)
    if note:
        print(note, file=sys.stderr)
    simulated = " [SIMULATED]" if decoded.manifest.get("simulated") else ""
    print(f"{out}: {subject}, {story}, {decoded.start:g} to {decoded.stop:g} s, ROIs {', '.join(names)}{simulated}")


@app.command()
def evaluate(
    path: Annotated[Path, typer.Argument(metavar="DIR|RUN", help="A decoded folder, or a run with decoded stories.")],
    json_file: Annotated[
        Optional[Path], typer.Option("--json", metavar="F", help="Also write the report here.")
    ] = None,
    null_decodings: Annotated[
        int,
        typer.Option(
            min=0, help="Also decode so many texts from shifted, swapped and phase-randomised BOLD each (slow)."
        ),
    ] = 0,
) -> None:
    """Print every metric with its null, interval, floor and ceiling."""
    from ..data.atomic import write_json
    from ..evaluation.report import format_report
    from ..reports.evaluate import evaluate_path

    with progress_bar() as progress:
        report = evaluate_path(path, null_decodings=null_decodings, progress=progress)
    if json_file is not None:
        write_json(json_file, report)
    print(format_report(report), end="")


@app.command()
def figure(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="A decoded folder.")],
    kind: Annotated[str, typer.Option(help="cortex, strip, compare or metrics.")],
    out: Annotated[Path, typer.Option(metavar="F", help="File to write: .svg, .pdf or .png.")],
    width_mm: Annotated[float, typer.Option(min=10, help="Width in millimetres.")] = 180,
    dpi: Annotated[int, typer.Option(min=30, help="Dots per inch of raster parts.")] = 300,
    start: Annotated[Optional[float], typer.Option(help="First second to draw.")] = None,
    stop: Annotated[Optional[float], typer.Option(help="Last second to draw.")] = None,
) -> None:
    """Draw a figure for a paper."""
    from ..figures import make_figure

    make_figure(path, kind, out, width_mm=width_mm, dpi=dpi, start=start, stop=stop)
    print(out)


@app.command()
def export(
    path: Annotated[Path, typer.Argument(metavar="DIR", help="A decoded folder.")],
    format: Annotated[
        str,
        typer.Option(
            help="Motion: bvh, npz, csv, csv-wide, gif, mp4; ROI: gii, annot, label, dlabel, nii, roi-csv, roi-json; or the folder as zip."
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="F", help="File to write; gii, annot and label write one for each hemisphere.")
    ],
    branch: Annotated[Optional[str], typer.Option(help="text or direct; default: direct where it was decoded.")] = None,
    start: Annotated[Optional[float], typer.Option(help="First second of the motion.")] = None,
    stop: Annotated[Optional[float], typer.Option(help="Last second of the motion.")] = None,
    words: Annotated[bool, typer.Option("--words/--no-words", help="Burn the decoded words into a film.")] = True,
) -> None:
    """Write the decoded motion or ROI mask for other programs, or a run as one zip."""
    if format == "zip":
        from ..storage.archive import export_run

        archive = export_run(path, out)
        print(f"{archive.path}: {len(archive.members)} files")
        for name in archive.left_out:
            print(f"left out: {name}")
        return
    from ..exports.motion import export_motion
    from ..storage.part import part_of

    with part_of(path, start, stop, words) as folder:
        for written in export_motion(folder, format, out, branch=branch):
            print(written)


@app.command("import")
def import_(
    archive: Annotated[Path, typer.Argument(metavar="ZIP", help="What export --format zip wrote.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to make.")],
    force: Force = False,
) -> None:
    """Unpack a run that somebody sent; every file is checked against its digest."""
    from ..storage.archive import import_run
    from ..storage.folder import make_room

    with make_room(out, force):
        import_run(archive, out)
    print(out)


@app.command()
def skeleton(
    file: Annotated[Path, typer.Argument(metavar="FILE.bvh", help="A motion file of the rig.")],
    out: Annotated[
        Path, typer.Option(metavar="F", help="Mapping to write, for example skeleton.toml beside the files.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace a mapping that is there.")] = False,
) -> None:
    """Propose which joint of a BVH rig is which, for you to confirm."""
    from ..data.motion.files import describe_proposal, propose_skeleton

    mapping = propose_skeleton(file, out, force)
    print(out)
    for line in describe_proposal(mapping, out):
        print(line)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what this machine has, what is missing and how to get it."""
    import json

    from .doctor import describe, examine

    report = examine()
    print(json.dumps(report, indent=2) if as_json else describe(report))


def split_names(text: str | None) -> tuple[str, ...] | None:
    """Names with commas between; None stays None."""
    return None if text is None else tuple(name for part in text.split(",") if (name := part.strip()))


@contextmanager
def progress_bar(also: Callable[[float, str], None] | None = None) -> Iterator[Callable[[float, str], None]]:
    """A ``progress(fraction, message)`` that draws on stderr and tells `also`."""
    if not sys.stderr.isatty():
        yield _progress_lines(also)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(
        *columns, TextColumn("{task.description}", markup=False), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("", total=1.0)

        def progress(fraction: float, message: str) -> None:
            bar.update(task, completed=fraction, description=message)
            if also is not None:
                also(fraction, message)

        yield progress


def _progress_lines(also):
    """Progress for a log file: a line per tenth of the work."""
    shown = -1

    def progress(fraction: float, message: str) -> None:
        nonlocal shown
        if int(fraction * 10) > shown:
            shown = int(fraction * 10)
            print(f"{100 * fraction:3.0f} % {message}", file=sys.stderr, flush=True)
        if also is not None:
            also(fraction, message)

    return progress


def _interrupt(number, frame):
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # A job that is terminated cleans up in the same way as one that is interrupted.
    previous = signal.signal(signal.SIGTERM, _interrupt)
    usage_error = typer.BadParameter.__base__.__base__  # of every complaint about the command line
    try:
        code = app(args=arguments, standalone_mode=False, prog_name="python -m fmri2ges")
        if code == 130:  # typer turns Ctrl-C into this code
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except UserError as error:
        return _fail(*str(error).splitlines())
    except usage_error as error:
        return _fail(error.format_message())
    except (KeyboardInterrupt, Cancelled, typer.Abort):
        print("cancelled; nothing was written", file=sys.stderr)
        return 130
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EEXIST, errno.EROFS, errno.ENOSPC, errno.ENOTDIR, errno.EISDIR):
            raise
        return _fail(f"{error.filename or 'disk'}: {error.strerror}; choose another place or make room")
    finally:
        signal.signal(signal.SIGTERM, previous)


def _fail(*lines: str) -> int:
    for line in lines:
        print(f"error: {line}", file=sys.stderr)
    return 2
