"""Commands that decode and score."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ..errors import UserError, check_option
from ..request import WHOLE_CORTEX, DecodeRequest
from .progress import watched
from .request_options import asks_for
from .root import DEVICES, Device, Force, Where, app


@app.command()
@asks_for
def decode(
    request: DecodeRequest,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to make.")],
    roi_file: Annotated[
        list[Path] | None,
        typer.Option(
            help="Names in .txt or .json; or .label.gii, .annot, .label, .mgz, .dlabel.nii, .nii.gz, overlays.svg, "
            ".csv, .json (FILE#NAME takes one label, 'FILE>3.1' a statistic map above 3.1); may be given twice."
        ),
    ] = None,
    device: Device = "auto",
    force: Force = False,
) -> None:
    """Decode gestures and words from the BOLD of chosen ROIs."""
    check_option("--device", device, DEVICES)
    if request.rois != WHOLE_CORTEX and roi_file:
        raise UserError("--rois and --roi-file: give one of them")
    from ..data.rois.files import check_file, split_choice
    from ..decoding.run import open_run
    from ..storage.decoded import write_decoded
    from ..storage.folder import RunFolder

    for file in roi_file or ():
        check_file(split_choice(file).path)
    run = open_run(request.run, device=device)  # before torch is imported: a wrong path is answered at once
    with RunFolder(out, force) as folder, watched(folder.progress) as work:
        work.report(0.0, "loading the models")
        note = ""
        if roi_file:
            from ..decoding.rois import chosen_rois

            choice = chosen_rois(run, request.subject or run.subjects[0], roi_file)
            request, note = replace(request, rois=choice.names), choice.note
        decoded = run.decode(request, work)
        if note:
            decoded = replace(decoded, manifest=decoded.manifest | {"roi_note": note})
        write_decoded(decoded, folder.path)
    if note:
        print(note, file=sys.stderr)
    asked, simulated = decoded.request, " [SIMULATED]" if decoded.simulated else ""
    print(
        f"{out}: {asked.subject}, {asked.story}, {asked.start:g} to {asked.stop:g} s, "
        f"ROIs {', '.join(asked.rois)}{simulated}"
    )


@app.command()
def evaluate(
    path: Annotated[Path, typer.Argument(metavar="DIR|RUN", help="A decoded folder, or a run with decoded stories.")],
    json_file: Annotated[Path | None, typer.Option("--json", metavar="F", help="Also write the report here.")] = None,
    null_decodings: Annotated[
        int,
        typer.Option(
            min=0, help="Also decode so many texts from shifted, swapped and phase-randomised BOLD each (slow)."
        ),
    ] = 0,
    bert_score: Annotated[
        str,
        typer.Option(metavar="MODEL", help="Also BERTScore by a causal language model: smollm2, a folder, a hub name."),
    ] = "",
    executor: Where = "local",
) -> None:
    """Print every metric with its null, interval, floor and ceiling."""
    from ..evaluation.report import format_report
    from ..reports.evaluate import evaluate_path
    from ..storage.report import write_report

    with watched() as work:
        report = evaluate_path(path, null_decodings=null_decodings, work=work, bert_score=bert_score, executor=executor)
    if json_file is not None:
        write_report(json_file, report)
    print(format_report(report), end="")
