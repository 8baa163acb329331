"""Commands about studies: make one, check one, train on one, map a skeleton."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ..errors import Cancelled, StudyError, UserError, check_option
from ..request import split_names
from .progress import watched
from .root import DEVICES, Device, Force, Seed, StudyFile, Where, app

FAMILIES = ("demo", "varied")


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    seed: Annotated[
        int, typer.Option("--seed", "--world", min=0, help="Number of the world; it fixes everything.")
    ] = 0,
    subjects: Annotated[int, typer.Option(min=1, help="Number of listeners.")] = 1,
    null: Annotated[bool, typer.Option("--null", "--null-brain", help="Plant no signal anywhere.")] = False,
    planted: Annotated[
        str | None, typer.Option(help="ROI groups that carry signal, with commas between; family demo.")
    ] = None,
    family: Annotated[
        str, typer.Option(help="demo: the world of the demo. varied: TR, HRF, noise, words, bodies, space are drawn.")
    ] = "demo",
    stories: Annotated[int | None, typer.Option(help="Training stories (18), and clips; family varied.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Length of a story (5); family varied.")] = None,
    tr: Annotated[float | None, typer.Option(help="Repetition time, seconds (drawn); family varied.")] = None,
    force: Force = False,
) -> None:
    """Write a study with known truth: OUT/study.toml and OUT/truth/."""
    check_option("--family", family, FAMILIES)
    if family == "varied":
        if planted is not None:
            raise UserError("--planted: only for --family demo; a varied world draws what is planted where")
        from ..demo.varied.study import simulate_varied
        from ..demo.varied.world import Sizes

        sizes = Sizes(subjects=subjects)
        sizes = sizes if stories is None else replace(sizes, stories=stories)
        sizes = sizes if minutes is None else replace(sizes, minutes=minutes)
        sizes = sizes if tr is None else replace(sizes, tr=tr)
        with watched() as work:
            path = simulate_varied(out, seed, null, sizes, force, work)
    else:
        if not (stories is minutes is tr is None):
            options, fixed = "--stories, --minutes, --tr", "the demo's world has 24 stories of 5 min at TR 2 s"
            raise UserError(f"{options}: only for --family varied; {fixed}")
        from ..demo.study import write_study
        from ..demo.world import World

        world = World(seed, subjects, null, None if planted is None else split_names(planted))
        with watched() as work:
            path = write_study(world, out, force, work)
    print(path)


@app.command()
def check(
    study: StudyFile,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read everything that a study names and list every problem."""
    import json

    from ..data.study.check import check_study, checked_to_dict
    from ..demo.opener import make_ready

    with watched() as work:
        make_ready(study, work)
        checked = check_study(study, work)
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
        int | None, typer.Option(min=1, help="Block whose output is the feature; default: the middle one.")
    ] = None,
    lm_context: Annotated[int, typer.Option(min=1, help="Words that each word of the language model sees.")] = 16,
    executor: Where = "local",
    force: Annotated[
        bool, typer.Option("--force", help="Replace a finished run of this name, and drop an interrupted training.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted training of this name, if there is one.")
    ] = False,
) -> None:
    """Train F2T, T2G and F2G on a study."""
    check_option("--preset", preset, ("demo", "full"))
    check_option("--device", device, DEVICES)
    from ..storage.training_folder import check_training, is_interrupted

    check_training(out, force, resume)  # before torch is imported: a name that is taken is answered at once
    try:
        with watched() as work:
            from ..compute import map_tasks
            from ..training.presets import preset_config
            from ..training.train import Existing, train_study

            config = replace(preset_config(preset), lm=lm, lm_layer=lm_layer, lm_context=lm_context)
            existing, mapper = Existing.of(force, resume), partial(map_tasks, executor=executor)
            path = train_study(study, out, config, device, seed, existing, work, mapper)
    except KeyboardInterrupt:
        if is_interrupted(out):
            raise Cancelled("cancelled; --resume goes on with this training, --force starts anew") from None
        raise
    print(path)


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
