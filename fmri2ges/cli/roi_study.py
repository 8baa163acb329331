"""`fmri2ges roi-study`: which regions carry the gesture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..request import split_names
from .progress import watched
from .root import Force, Seed, app


@app.command("roi-study")
def roi_study(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A trained run, or the word demo for the models of the package.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to make.")],
    subject: Annotated[str, typer.Option(help="A listener, or all; default: the first of the run.")] = "",
    rois: Annotated[str, typer.Option(help="groups, areas, or a file of ROIs, each of which is a region.")] = "groups",
    stories: Annotated[
        str, typer.Option(help="Held-out stories with commas between; default: the test stories of the study.")
    ] = "",
    branch: Annotated[str, typer.Option(help="One of: both, text, direct.")] = "both",
    samples: Annotated[int, typer.Option(help="Texts to draw for the text branch; 0 takes the expected words.")] = 0,
    nulls: Annotated[
        int, typer.Option(help="Random contiguous regions of the size of each region, 50 or more; 0 for none.")
    ] = 50,
    refit: Annotated[bool, typer.Option("--refit", help="Fit the readout's penalty for every region.")] = False,
    forward: Annotated[
        bool, typer.Option("--forward", help="Exploratory: the fewest regions that reach 95 % of all of them.")
    ] = False,
    executor: Annotated[
        str, typer.Option(help="serial, local (a process for each core), local:N, dask, or dask://HOST:PORT.")
    ] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes of the executor local or dask.")] = None,
    seed: Seed = 0,
    force: Force = False,
) -> None:
    """Score every region alone, all without it, and random regions of its size; a stopped study goes on."""
    from ..errors import Cancelled, check_option
    from ..storage.folder import check_target
    from ..studies.roi_request import RoiStudyRequest
    from ..studies.roi_study import roi_study as study_regions
    from ..studies.roi_study import tasks_folder

    check_option("--branch", branch, ("both", "text", "direct"))
    request = RoiStudyRequest(run, subject, rois, split_names(stories), branch, samples, nulls, refit, seed, forward)
    check_target(out, force)  # a name that is taken is answered before models are opened
    try:
        with watched() as work:
            study = study_regions(request, out, executor if workers is None else f"{executor}:{workers}", force, work)
    except KeyboardInterrupt:
        kept = tasks_folder(out)
        if kept.is_dir():
            raise Cancelled(f"cancelled; the same command goes on with what {kept} keeps") from None
        raise
    simulated = " [SIMULATED]" if study.simulated else ""
    print(
        f"{out}: regions: {len(study.regions)}, subjects: {len(study.subjects)}, stories: {len(study.stories)}"
        f"{simulated}; exploratory unless the table says confirmatory"
    )
    for note in study.notes:
        print(f"note: {note}")


@app.command("roi-difference")
def roi_difference(
    first: Annotated[Path, typer.Argument(metavar="STUDY", help="A folder of roi-study.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to make.")],
    second: Annotated[
        Path | None, typer.Argument(metavar="[OTHER]", help="A second one; without it, two sides of the first.")
    ] = None,
    branches: Annotated[str, typer.Option(help="One, or two such as direct,text: the first minus the second.")] = "",
    subjects: Annotated[str, typer.Option(help="One, or two such as sub-01,sub-02.")] = "",
    metric: Annotated[str, typer.Option(help="Id of a metric; default: r of the gesture.")] = "",
    effect: Annotated[str, typer.Option(help="alone or lesion.")] = "alone",
    force: Force = False,
) -> None:
    """Write what each region carries more in one branch, subject or study than in another: table, maps, figure."""
    from ..figures import make_difference_figure
    from ..storage.folder import RunFolder, check_target
    from ..storage.roi_study import load_roi_study
    from ..studies.roi_difference import roi_difference as difference_of
    from ..studies.roi_difference import write_roi_difference

    check_target(out, force)
    other = None if second is None else load_roi_study(second)
    names = (first.name, "" if second is None else second.name)
    whose, which = split_names(subjects), split_names(branches)
    found = difference_of(load_roi_study(first), other, whose, which, metric, effect, names)
    with RunFolder(out, force) as folder:
        write_roi_difference(found, folder.path)
        make_difference_figure(found, folder.path / "difference.svg")
    simulated = " [SIMULATED]" if found.simulated else ""
    sure = sum(row.p_corrected is not None and row.p_corrected < 0.05 for row in found.rows)
    print(f"{out}: {found.title}: {sure} of {len(found.rows)} regions differ{simulated}; {found.about}")
