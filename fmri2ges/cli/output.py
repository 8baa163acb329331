"""Commands that make files of results: figures, exports, zips."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..request import DEMO
from .progress import watched
from .root import DEVICES, DecodedFolder, Device, Force, Seed, Start, Stop, app


@app.command()
def figure(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="A decoded folder, the JSON of a composed figure, or a map of your own."),
    ],
    out: Annotated[Path, typer.Option(metavar="F", help="File to write: .svg, .pdf or .png.")],
    kind: Annotated[
        str,
        typer.Option(help="cortex, strip, compare, metrics; of an ROI study: roi-map, roi-bars, roi-group; own-map."),
    ] = "",
    width_mm: Annotated[float | None, typer.Option(min=10, help="Width in millimetres; default: 180.")] = None,
    dpi: Annotated[int, typer.Option(min=30, help="Dots per inch of raster parts.")] = 300,
    start: Start = None,
    stop: Stop = None,
    metric: Annotated[str, typer.Option(help="Of an ROI study: id of a metric; default: r_expected.")] = "",
    rendered: Annotated[
        bool, typer.Option("--rendered", help="Bodies and cortex rendered by pyvista, where it finds OpenGL.")
    ] = False,
) -> None:
    """Draw a figure for a paper."""
    from ..errors import UserError, check_option
    from ..figures import KINDS, OWN_MAP, ROI_KINDS, check_rendered, make_figure, make_metrics_figure, make_roi_figure

    if path.suffix.lower() == ".json":
        if kind or metric or (start, stop, width_mm) != (None, None, None):
            raise UserError(f"{path}: kind, width and stretch of a composed figure stand in its JSON; leave them out")
        if rendered:
            raise UserError(f"{path}: composed figures are painted, so that they have the same bytes everywhere")
        _composed(path, out, dpi)
        return
    width_mm = width_mm or 180.0
    check_option("kind", kind, (*KINDS, "metrics", *ROI_KINDS, OWN_MAP))
    check_rendered(rendered, kind)
    rendered = rendered and _can_render()
    if kind in ROI_KINDS:
        from ..figures.roi_view import RoiView
        from ..storage.roi_study import load_roi_study

        make_roi_figure(load_roi_study(path), kind, out, RoiView(metric=metric), width_mm, dpi, rendered)
    elif kind == OWN_MAP:
        from ..data.rois.own_maps import read_own_maps
        from ..figures import make_own_map_figure

        make_own_map_figure(read_own_maps([path])[0], out, width_mm, dpi, rendered)
    elif kind == "metrics":
        from ..storage.report import read_report

        make_metrics_figure(read_report(path), out, width_mm, dpi)
    else:
        from ..storage.decoded import load_decoded

        make_figure(load_decoded(path), kind, out, width_mm, dpi, start, stop, rendered)
    print(out)


def _can_render() -> bool:
    """Whether this machine can render; where it cannot, the cause is said and the figure is painted."""
    from ..figures.render import cause_of_no_render

    cause = cause_of_no_render()
    if cause:
        print(f"painted, not rendered: {cause}", file=sys.stderr)
    return not cause


def _composed(path: Path, out: Path, dpi: int) -> None:
    from ..figures.composed import ComposedFigure, draw_composed

    legend = draw_composed(ComposedFigure.load(path), out, dpi)
    print(f"{out}\n{legend}")


@app.command()
def report(
    path: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A folder of roi-study, a decoded folder, or a run that was evaluated."),
    ],
    out: Annotated[Path, typer.Option(metavar="F", help="File to write, ending in .html.")],
    beside: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A second decoded folder of the same recording, shown as B.")
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="Of a decoded folder: the sample that is shown.")] = 1,
    start: Start = None,
    stop: Stop = None,
) -> None:
    """Write a report as one HTML file that opens without a server, a network or this program."""
    from ..documents import make_report

    with watched() as work:
        print(make_report(path, out, beside, sample, start, stop, work))


@app.command()
def export(
    path: DecodedFolder,
    format: Annotated[
        str,
        typer.Option(
            help="Motion: bvh, npz, csv, csv-wide, gif, mp4, glb; ROI: gii, annot, label, dlabel, nii, roi-csv, "
            "roi-json, roi-glb, roi-obj; "
            "or the folder as zip."
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="F", help="File to write; gii, annot and label write one for each hemisphere.")
    ],
    branch: Annotated[str | None, typer.Option(help="text or direct; default: direct where it was decoded.")] = None,
    start: Start = None,
    stop: Stop = None,
    words: Annotated[bool, typer.Option("--words/--no-words", help="Burn the decoded words into a film.")] = True,
    scale: Annotated[float, typer.Option(help="Of BVH: 1 writes centimetres, 0.01 metres, as Blender counts.")] = 1.0,
    audio: Annotated[Path | None, typer.Option(metavar="F", help="Sound of the stimulus, for mp4.")] = None,
    audio_at: Annotated[float, typer.Option(help="Second of the story at which the sound begins.")] = 0.0,
    beside: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A second decoded folder of the story, for a film of A and B.")
    ] = None,
) -> None:
    """Write the decoded motion or ROI mask for other programs, or a run as one zip."""
    if format == "zip":
        from ..storage.archive import export_run

        archive = export_run(path, out)
        print(f"{archive.path}: {len(archive.members)} files")
        for name in archive.left_out:
            print(f"left out: {name}")
        return
    from ..figures.export import FilmOptions
    from ..figures.export import export as export_decoded
    from ..figures.video import Sound
    from ..storage.decoded import load_decoded
    from ..storage.folder import sole_writer

    decoded, sound = load_decoded(path).window(start, stop), None if audio is None else Sound(audio, audio_at)
    other = None if beside is None else load_decoded(beside).window(start, stop)
    with sole_writer(out), watched() as work:
        written = export_decoded(decoded, format, out, branch, scale, FilmOptions(words, sound, other), work)
    for file in written:
        print(file)


@app.command()
def gesture(
    words: Annotated[Path, typer.Argument(metavar="WORDS", help="Words with times, such as a .tsv or a TextGrid.")],
    out: Annotated[Path, typer.Option(metavar="F", help="File to write: .bvh, .npz (all samples) or .csv.")],
    run: Annotated[str, typer.Option(metavar="RUN", help="The run whose T2G is used.")] = DEMO,
    start: Start = None,
    stop: Stop = None,
    samples: Annotated[int, typer.Option(min=1, max=64, help="Gestures of the same words.")] = 1,
    speaker: Annotated[int, typer.Option(min=0, help="Number of the speaker whose style is used.")] = 0,
    seed: Seed = 0,
    device: Device = "auto",
) -> None:
    """Write the gesture that T2G makes of words: no brain is read."""
    from ..data.words.files import read_words
    from ..decoding.heard import gestures_of_words, stretch_of
    from ..decoding.run import open_run
    from ..errors import check_option
    from ..exports.motion import export_motion, format_of_file
    from ..storage.folder import sole_writer

    check_option("--device", device, DEVICES)
    format, text = format_of_file(out), read_words(words)
    first, last = stretch_of(text, start, stop)
    trained = open_run(run, device=device)
    with sole_writer(out), watched() as work:
        made = gestures_of_words(trained.t2g, text, first, last, speaker=speaker, samples=samples, seed=seed, work=work)
        print(export_motion(made, format, out))


@app.command("import")
def import_(
    archive: Annotated[Path, typer.Argument(metavar="ZIP", help="What export --format zip wrote.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to make.")],
    study: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The study file that the run was trained on, as it lies here.")
    ] = None,
    force: Force = False,
) -> None:
    """Unpack a run that somebody sent; every file is checked."""
    from ..storage.archive import import_run

    print(import_run(archive, out, force=force, study=study))
