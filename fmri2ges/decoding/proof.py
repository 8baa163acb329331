"""What a result says about itself: which models and which data made it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import to_dict
from ..demo.opener import name_of_run, name_of_study
from ..motion.amount import t2g_entries
from ..provenance import build_manifest, digest_json
from ..request import DecodeRequest

if TYPE_CHECKING:
    from .run import Run


def provenance(run: Run, request: DecodeRequest, device: str) -> dict[str, Any]:
    """Entries of the manifest that prove where a result comes from.

    The digest covers request, weights, inputs, and what the study file says about the inputs.

    Parameters
    ----------
    run : the run that decodes
    request : a complete one
    device : where the networks compute
    """
    source = run.study.recording(request.subject, request.story)
    blocks = run.blocks_of(run.recording(request.subject, request.story))
    weights = {file.name: run.file_digest(file) for file in _weights(run, request)}
    inputs = {name_of_file(file, run.study.root): run.file_digest(file) for file in source.files}
    recording = run.digest_of_recording(request.subject, request.story)
    asked = {name: value for name, value in request.to_dict().items() if name != "run"}
    guidance = {"text": lambda: run.t2g.guidance, "direct": lambda: run.f2g(0).guidance}
    manifest = build_manifest("decode", {}, request.seed, {}, run.simulated, device)
    return manifest | {
        "digests": inputs,
        "weights": weights,
        "recording": recording,
        "digest": digest_json({"request": asked, "weights": weights, "inputs": inputs, "recording": recording}),
        "run_digest": run.digest,
        "run_created": run.manifest.get("created"),
        "study_name": run.study.name,
        "space": run.space.kind,
        **t2g_entries(run.manifest),
        "rate_note": _rate_note(run, request.subject),
        "blocks": None if blocks is None else to_dict(blocks),
        "guidance": {branch: guidance[branch]() for branch in request.branches},
        **places(run),
    }


def places(run: Run) -> dict[str, str]:
    """Where run and study lie on this machine."""
    return {"study": name_of_study(run.study), "run": name_of_run(run.path)}


def _weights(run: Run, request: DecodeRequest) -> list[Path]:
    """The files of weights that answer a request; the word rate also reads those of other listeners."""
    k = run.number(request.subject)
    names = [f"basis-{k}"]
    for fold in range(run.n_folds):
        rate = run.f2t(request.subject, fold).word_rate
        others = () if rate is None else rate.settings.listeners
        names += [f"text-{fold}", *dict.fromkeys(f"f2t-{n}-{fold}" for n in (k, *others))]
        names += [f"f2g-{fold}"] if "direct" in request.branches else []
        names += [f"bayes-{k}-{fold}"] if request.f2t == "bayes" and "text" in request.branches else []
    names += ["t2g"] if "text" in request.branches else []
    return [run.path / f"{name}.safetensors" for name in names]


def _rate_note(run: Run, subject: str) -> str:
    """How the word rate of a subject is decoded, one line."""
    rate = run.f2t(subject, 0).word_rate
    return "ridge of all decoded quantities together, as in earlier versions" if rate is None else rate.settings.note


def name_of_file(file: Path, root: Path) -> str:
    """How a result names a file that it was decoded from: as seen from the folder of the study file."""
    file = file.absolute()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
