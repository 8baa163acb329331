"""One schema for manifests, weights and results: whole ones open, broken ones are one line that names the file."""

import copy
import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fmri2ges.data.atomic import read_json, write_json, write_text
from fmri2ges.data.motion.npz import read_motion
from fmri2ges.data.npz import npz_arrays, npz_names
from fmri2ges.demo import WEIGHTS as SHIPPED
from fmri2ges.errors import UserError
from fmri2ges.models.word_rate import Pair, PooledRate, RateSettings, WordRate
from fmri2ges.storage import models as store
from fmri2ges.storage.decoded import load_decoded, read_manifest
from fmri2ges.storage.folder import read_run_manifest
from fmri2ges.storage.schema import weight_files
from fmri2ges.storage.tensors import read_tensors, write_tensors
from fmri2ges.storage.weight_kinds import WEIGHTS
from fmri2ges.text.embeddings import load_vectors
from tests.run_files import make_decoded, make_run, open_all


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("whole") / "run", lm="bigram")


@pytest.fixture
def run(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "run"))


def refused(call, *named):
    with pytest.raises(UserError) as caught:
        call()
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and len(message) < 600
    for name in named:
        assert name in message, message
    return message


def test_whole_runs_open_old_and_new(run):
    assert open_all(run)["format_version"] == 1
    manifest = json.loads((run / "manifest.json").read_text())
    old = {k: v for k, v in manifest.items() if k != "format_version"}
    write_json(run / "manifest.json", old | {"request": {"anything": [1]}, "digests_of_outputs": {"x": "y"}})
    arrays, values = read_tensors(run / "basis-0.safetensors", "basis")
    from safetensors.numpy import save_file

    save_file(arrays, run / "basis-0.safetensors", {"names": json.dumps(values["names"])})  # as before versions
    assert open_all(run)["request"] == {"anything": [1]}


def test_the_shipped_weights_open():
    manifest = read_run_manifest(SHIPPED)
    for name, kind in weight_files(manifest).items():
        read_tensors(SHIPPED / name, kind)
    assert load_decoded(SHIPPED / "decoded").words is not None


TRAIN_KEYS = {"kind", "simulated", "config", "subjects", "folds", "space", "columns"}
WRONG = [
    None,
    True,
    1.5,
    -1,
    0,
    10**30,
    float("nan"),
    float("inf"),
    "x" * 100_000,
    "",
    "a\nb",
    "\ud800",
    [],
    {},
    [[]],
    [None],
]
KNOWN_WRONG = [
    ("folds", 2),  # of which there are no weights
    ("folds", 10**9),
    ("subjects", ["s1", "s2"]),
    ("subjects", ["s1", "s1"]),
    ("subjects", ["s1"] * 20_000),
    ("space", "fsaverage5"),
    ("space", "moon"),
    ("columns", ["A", "B", "C"]),
    ("columns", ["D", "C", "B", "A"]),
    ("config", {"lm": 3}),
    ("format_version", 99),
    ("format_version", "1"),
    ("format_version", 0),
    ("versions", {"fmri2ges": "99.0"}),
    ("versions", {"numpy": 2}),
    ("digests", {"study.toml": None}),
    ("kind", "decode"),
    ("study", 5),
    ("seed", -3),
]


@pytest.mark.parametrize("key, value", KNOWN_WRONG, ids=lambda v: repr(v)[:40])
def test_wrong_manifests_are_one_line(run, key, value):
    manifest = json.loads((run / "manifest.json").read_text())
    write_json(run / "manifest.json", manifest | {key: value})
    refused(lambda: read_run_manifest(run), str(run))


def test_versions_say_what_to_do(run):
    manifest = json.loads((run / "manifest.json").read_text())
    write_json(run / "manifest.json", manifest | {"format_version": 99})
    refused(lambda: read_run_manifest(run), "manifest.json: is written in format 99", "reads up to 1; update fmri2ges")
    write_json(run / "manifest.json", manifest | {"versions": {"fmri2ges": "99.0"}})
    refused(lambda: read_run_manifest(run), "was written by fmri2ges '99.0'", "update fmri2ges")
    write_json(run / "manifest.json", manifest | {"versions": {"fmri2ges": "0.9.9"}})
    assert read_run_manifest(run)["versions"] == {"fmri2ges": "0.9.9"}


def mutants(manifest):
    """Every key removed, or replaced by each wrong value."""
    for key in manifest:
        yield key, {k: v for k, v in manifest.items() if k != key}
        for value in WRONG:
            yield key, manifest | {key: value}


def read_or_refused(reader, folder, needed, manifest):
    for key, mutant in mutants(manifest):
        (folder / "manifest.json").write_text(json.dumps(mutant))
        try:
            reader(folder)
        except UserError as error:
            assert len(str(error).splitlines()) == 1 and len(str(error)) < 600 and str(folder) in str(error)
        else:
            assert key not in needed or mutant.get(key) not in (None, "", [], {}), (key, mutant.get(key))


def test_every_mutation_of_a_run_manifest_is_read_or_one_line(run):
    manifest = json.loads((run / "manifest.json").read_text())
    read_or_refused(read_run_manifest, run, TRAIN_KEYS - {"config", "columns"}, manifest)


FIRST_VERSION = {"subject": "s1", "story": "c", "rois": ["A"], "samples": 2, "start": 0.0, "stop": 2.0, "beam": None}


def test_every_mutation_of_a_decoded_manifest_is_read_or_one_line(tmp_path):
    folder = make_decoded(tmp_path / "d", guidance={"text": 1.5}, space="table", weights={"t2g.safetensors": "0" * 64})
    manifest = json.loads((folder / "manifest.json").read_text())
    read_or_refused(load_decoded, folder, {"kind", "simulated"}, manifest)
    first = {k: v for k, v in manifest.items() if k != "request"} | FIRST_VERSION
    read_or_refused(load_decoded, folder, {"kind", "simulated"}, first)
    (folder / "manifest.json").write_text(json.dumps(first))
    assert load_decoded(folder).request.rois == ("A",)


def test_every_mutation_of_a_request_is_read_or_one_line(tmp_path):
    folder = make_decoded(tmp_path / "d")
    manifest = json.loads((folder / "manifest.json").read_text())
    for _, mutant in mutants(manifest["request"]):
        (folder / "manifest.json").write_text(json.dumps(manifest | {"request": mutant}))
        try:
            load_decoded(folder)
        except UserError as error:
            assert len(str(error).splitlines()) == 1 and len(str(error)) < 600 and str(folder) in str(error)
    write_json(folder / "manifest.json", manifest | {"request": manifest["request"] | {"stop": -1.0}})
    refused(lambda: load_decoded(folder), "stop must be later than start")


# Name of the file, its kind, what is done to its arrays and values, words of the message.
DAMAGE = {
    "NaN in a network": (
        "t2g",
        lambda a, v: a["net.out.weight"].__setitem__((0, 0), np.nan),
        "net.out.weight holds 1 value",
    ),
    "infinite word rate": ("f2t-0-0", lambda a, v: a["targets"].__setitem__((0, 0), np.inf), "targets holds 1 value"),
    "NaN in a basis": ("basis-0", lambda a, v: a["weights"].__setitem__((0, 0), np.nan), "weights holds 1 value"),
    "int8 network": (
        "t2g",
        lambda a, v: a.update({"net.out.weight": a["net.out.weight"].astype(np.int8)}),
        "must be F32; got I8",
    ),
    "int8 basis": (
        "basis-0",
        lambda a, v: a.update(weights=a["weights"].astype(np.int8)),
        "weights must be F32 or F64; got I8",
    ),
    "float16 network": (
        "f2g-0",
        lambda a, v: a.update({"net.position": a["net.position"].astype(np.float16)}),
        "got F16",
    ),
    "int16 features": (
        "f2t-0-0",
        lambda a, v: a.update(features=a["features"].astype(np.int16)),
        "features must be I8",
    ),
    "cut basis": ("basis-0", lambda a, v: a.update({k: x[:2] for k, x in a.items()}), "parcels have no members"),
    "basis cut with its names": (
        "basis-0",
        lambda a, v: (a.update({k: x[:2] for k, x in a.items()}), v.update(names=v["names"][:2])),
        "basis-0",
    ),
    "owner beyond the parcels": (
        "basis-0",
        lambda a, v: a["owner"].__setitem__(0, 4),
        "owner must be 0 or more and below 4",
    ),
    "negative member": ("basis-0", lambda a, v: a["members"].__setitem__(0, -1), "members must be 0 or more"),
    "other parcels": ("basis-0", lambda a, v: v.update(names=["D", "C", "B", "A"]), "are not those of the space"),
    "members of another length": ("basis-0", lambda a, v: a.update(members=a["members"][:3]), "must have the shape"),
    "features cut": ("f2t-0-0", lambda a, v: a.update(features=a["features"][:30]), "must have the shape"),
    "volumes cut": (
        "f2t-0-0",
        lambda a, v: a.update(
            {"features": a["features"][:30], "targets": a["targets"][:30], "heard.row": a["heard.row"] // 2}
        ),
        "differ in their number of volumes",
    ),
    "fewer parcels than the basis": ("f2t-0-0", lambda a, v: a.update(features=a["features"][:, :3]), "but basis-0"),
    "lengths of zero": ("f2t-0-0", lambda a, v: a["lengths"].__setitem__(0, 0), "lengths must be 1 or more"),
    "no delays": ("f2t-0-0", lambda a, v: v.update(delays=[]), "delays must be a list"),
    "delays of text": ("f2t-0-0", lambda a, v: v.update(delays=["1"]), "delays must be a list"),
    "penalty of zero": ("f2t-0-0", lambda a, v: v.update(penalty=0), "penalty must be a number above 0"),
    "penalty not a number": (
        "f2t-0-0",
        lambda a, v: v.update(penalty=float("nan")),
        "penalty must be a number above 0",
    ),
    "another dim": ("f2t-0-0", lambda a, v: v.update(dim=49), "must have the shape"),
    "another dim that fits": ("f2t-0-0", lambda a, v: v.update(dim=49, n_gesture=4), "dim is 49, but t2g"),
    "a word heard beyond the volumes": (
        "f2t-0-0",
        lambda a, v: a["heard.row"].__setitem__(0, 40),
        "heard.row must be 0 or more and below 40",
    ),
    "a word heard beyond the vocabulary": (
        "f2t-0-0",
        lambda a, v: a["heard.word"].__setitem__(0, 4),
        "heard.word names words beyond the 4 of the vocabulary",
    ),
    "words heard without their volumes": ("f2t-0-0", lambda a, v: a.pop("heard.row"), "lacks heard.row"),
    "shrinkage of all": (
        "f2t-0-0",
        lambda a, v: a.update({"heard.shrinkage": np.ones(1, np.float32)}),
        "heard.shrinkage must be below 1",
    ),
    "an array more": (
        "f2t-0-0",
        lambda a, v: a.update(more=np.zeros(2, np.float32)),
        "holds 'more', which is not known",
    ),
    "an array less": ("text-0", lambda a, v: a.pop("counts"), "lacks counts"),
    "words beyond the vocabulary": (
        "text-0",
        lambda a, v: a["pairs"].__setitem__((0, 0), 4),
        "beyond the 4 of the vocabulary",
    ),
    "a pair counted never": ("text-0", lambda a, v: a["pairs"].__setitem__((0, 2), 0), "less than once"),
    "a vocabulary that is cut": ("text-0", lambda a, v: v.update(vocabulary=["a", "b"]), "counts must have the shape"),
    "a vocabulary of numbers": ("text-0", lambda a, v: v.update(vocabulary=[1, 2, 3, 4]), "vocabulary must be a list"),
    "vectors of another size": (
        "text-0",
        lambda a, v: a.update(centre=a["centre"][:9], covariance=a["covariance"][:9, :9]),
        "dim is 9",
    ),
    "a wide network": ("t2g", lambda a, v: v["config"].update(width=8192), "must have the shape"),
    "an endless network": ("t2g", lambda a, v: v["config"].update(blocks=10**12), "blocks must be a whole number"),
    "more blocks than there are": ("t2g", lambda a, v: v["config"].update(blocks=2), "written by another version"),
    "three heads": ("t2g", lambda a, v: v["config"].update(heads=3), "divide by heads"),
    "a setting more": ("t2g", lambda a, v: v["config"].update(depth=3), "written by another version"),
    "a setting less": ("t2g", lambda a, v: v["config"].pop("width"), "width is missing"),
    "no settings": ("t2g", lambda a, v: v.pop("config"), "lacks config; it was written by another version"),
    "guidance of text": ("t2g", lambda a, v: v.update(guidance="1.5"), "guidance must be a finite number"),
    "a network of words as one of volumes": ("f2g-0", lambda a, v: None, "targets + 2"),
    "a code of zero": ("t2g", lambda a, v: a["codec.scale"].__setitem__(0, 0), "codec.scale must be above 0"),
    "no calibration": ("t2g", lambda a, v: a.pop("calibration.real"), "lacks calibration.real"),
    "a turned filter": (
        "t2g",
        lambda a, v: a.update({"calibration.kernel": a["calibration.kernel"].transpose(1, 2, 0).copy()}),
        "calibration.kernel must have the shape",
    ),
    "version 99": ("t2g", lambda a, v: v.update(format_version=99), "is written in format 99"),
    "no language model": ("bayes-0-0", lambda a, v: v.pop("lm"), "lacks lm"),
    "a model of a number": ("bayes-0-0", lambda a, v: v.update(lm={"name": 3}), "name must be"),
    "a model with more": ("bayes-0-0", lambda a, v: v["lm"].update(more=1), "bayes-0-0"),
    "voxels cut": ("bayes-0-0", lambda a, v: a.update(columns=a["columns"][:3]), "columns must have the shape"),
    "delays cut": ("bayes-0-0", lambda a, v: a.update({"model.delays": np.array([1, 2])}), "one row for each delay"),
    "noise of NaN": (
        "bayes-0-0",
        lambda a, v: a["noise.covariance"].__setitem__((0, 0), np.nan),
        "noise.covariance holds 1",
    ),
    "one penalty for two forms": ("f2t-0-0", lambda a, v: v.update(rate_penalties=[1.0]), "a list of two numbers"),
    "a penalty of 0": ("f2t-0-0", lambda a, v: v.update(pooled_rate_penalties=[0, 1.0]), "a list of two numbers above"),
    "weights of nobody": ("f2t-0-0", lambda a, v: v.update(pooled_rate_penalties=[1.0, 1.0]), "pooled_listeners must"),
    "half a listener": ("f2t-0-0", lambda a, v: v.update(pooled_listeners=[0, 0.5]), "a list of whole numbers"),
    "negative columns": ("bayes-0-0", lambda a, v: a["columns"].__setitem__(0, -2), "columns must be 0 or more"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_wrong_weights_are_one_line(run, name):
    stem, hurt, words = DAMAGE[name]
    file = run / f"{stem}.safetensors"
    source = run / "t2g.safetensors" if name == "a network of words as one of volumes" else file
    arrays, values = read_tensors(source, weight_files(read_run_manifest(run))[source.name])
    arrays, values = {k: a.copy() for k, a in arrays.items()}, copy.deepcopy(values)
    hurt(arrays, values)
    write_tensors(file, arrays, **values)
    refused(lambda: open_all(run), str(run), words)


def test_a_run_from_before_word_signatures_opens_and_decodes_as_it_did(run):
    file = run / "f2t-0-0.safetensors"
    arrays, values = read_tensors(file, "f2t")
    kept = {name: array for name, array in arrays.items() if not name.startswith("heard.")}
    write_tensors(file, kept, **values)
    open_all(run)
    f2t = store.read_f2t(file, store.read_text(run / "text-0.safetensors", load_vectors()))
    decoder = f2t.decoder(np.arange(4))
    tokens = f2t.tokens(decoder, decoder.solution.crossfit)
    plain = 2.0 * tokens @ f2t.word_vectors_from_tokens(decoder) @ f2t.evidence_of
    np.testing.assert_allclose(f2t.evidence(decoder, decoder.solution.crossfit), plain, atol=1e-5)


def test_a_run_from_before_averaged_forms_opens_and_keeps_its_word_rate(run):
    file = run / "f2t-0-0.safetensors"
    arrays, values = read_tensors(file, "f2t")
    statistics = store.read_text(run / "text-0.safetensors", load_vectors())
    new = store.read_f2t(file, statistics)
    write_tensors(file, arrays, **{k: v for k, v in values.items() if "rate" not in k and "listeners" not in k})
    open_all(run)
    old, columns = store.read_f2t(file, statistics), np.arange(4)
    decoder, b = old.decoder(columns), old.blocks
    prediction = old.readout.predict(decoder.solution, old.readout.features)
    rate = old.rate(decoder, prediction, old.readout.features)
    expected = old.readout.mean[b.rate] + decoder.gains[b.rate] * prediction[:, b.rate]
    np.testing.assert_allclose(rate, np.maximum(expected[:, 0], 0), atol=1e-5)
    assert np.abs(new.rate(new.decoder(columns), prediction, old.readout.features) - rate).max() > 1e-3


def test_a_word_rate_is_stored_with_its_penalties_and_listeners(run):
    file, statistics = run / "f2t-0-0.safetensors", store.read_text(run / "text-0.safetensors", load_vectors())
    f2t = store.read_f2t(file, statistics)
    settings = RateSettings(Pair(3.0, 4.0), Pair(5.0, 6.0), (0, 2), "")
    f2t.word_rate = WordRate(f2t.word_rate.training, settings)
    store.write_f2t(file, f2t)
    again = store.read_f2t(file, statistics, pooled=lambda s: PooledRate([f2t.word_rate.training] * 2, s.pooled))
    assert again.word_rate.settings == settings
    stored = read_tensors(file, "f2t")[0]["targets"][:, f2t.blocks.rate][:, 0]
    np.testing.assert_array_equal(np.concatenate(again.word_rate.training.counts), stored)
    assert again.word_rate.solved(np.arange(4)).pooled is not None


def test_kinds_are_told_apart(run):
    for name, kind in weight_files(read_run_manifest(run)).items():
        for other in WEIGHTS.keys() - {kind}:
            refused(partial(read_tensors, run / name, other), name)


def test_files_of_others_are_one_line(run):
    for data in (
        b"",
        b"not weights",
        b"\xff" * 100,
        (2**40).to_bytes(8, "little") + b"{}",
        b"\x02" + b"\0" * 7 + b"{}",
    ):
        (run / "t2g.safetensors").write_bytes(data)
        refused(lambda: read_run_manifest(run), "t2g.safetensors")
    (run / "t2g.safetensors").unlink()
    (run / "t2g.safetensors").mkdir()
    refused(lambda: read_run_manifest(run), "lacks t2g.safetensors")


def test_decoded_results_hold_finite_values(tmp_path):
    folder = make_decoded(tmp_path / "d")
    arrays = npz_arrays(folder / "text.npz", npz_names(folder / "text.npz"))
    arrays["samples"] = arrays["samples"].copy()
    arrays["samples"][1, 0, 0, 0] = np.nan
    np.savez(folder / "text.npz", **arrays)
    refused(lambda: read_motion(folder / "text.npz"), "text.npz", "motion samples")
    refused(lambda: load_decoded(folder), "text.npz")


TEXTS = [
    {},
    [1],
    [{}],
    [{"words": ["a"], "start": [0]}],
    [{"words": ["a"], "start": ["0"], "duration": [1]}],
    [{"words": ["a"], "start": [0, 1], "duration": [1]}],
    [{"words": ["a"], "start": [0], "duration": [-1]}],
    [{"words": ["a"], "start": [float("nan")], "duration": [1]}],
    [{"words": "a", "start": [0], "duration": [1]}],
    [{"words": [3], "start": [0], "duration": [1]}],
    [{"words": ["a", "b"], "start": [1, 0], "duration": [1, 1]}],
]


@pytest.mark.parametrize("texts", TEXTS, ids=repr)
def test_wrong_texts_are_one_line(tmp_path, texts):
    folder = make_decoded(tmp_path / "d")
    (folder / "texts.json").write_text(json.dumps(texts))
    refused(lambda: load_decoded(folder), "texts.json")


@pytest.mark.parametrize("rows", ["", "1\t2\t3\n4\t5\t6\n", "a\tb\nc\td\n", "a\n1\n", "a\tb\nnan\t1\n"], ids=repr)
def test_a_wrong_word_rate_is_one_line(tmp_path, rows):
    folder = make_decoded(tmp_path / "d")
    write_text(folder / "rate.tsv", rows)
    refused(lambda: load_decoded(folder), "rate.tsv")


def test_places_relative_to_the_folder_come_back_absolute(tmp_path):
    folder = make_decoded(tmp_path / "run" / "decoded" / "c", study="../../toy.toml", run="../..")
    manifest = read_manifest(folder)
    assert (manifest["study"], manifest["run"]) == (
        str((tmp_path / "run" / "toy.toml").resolve()),
        str(tmp_path / "run"),
    )
    assert read_json(folder / "manifest.json")["run"] == "../.."


def test_a_result_without_provenance_is_saved_and_read(tmp_path):
    from fmri2ges.results import Decoded

    whole = load_decoded(make_decoded(tmp_path / "d"))
    bare = Decoded(whole.request, text=whole.text)
    assert Decoded.load(bare.save(tmp_path / "bare")).simulated is False
    assert Decoded.load(tmp_path / "bare").request == whole.request


def test_the_same_values_give_the_same_bytes(tmp_path):
    """The library behind the files writes metadata in an order of chance."""
    values = {f"value-{k}": k for k in range(12)}
    for k in range(3):
        write_tensors(tmp_path / str(k), {"b": np.arange(5.0), "a": np.ones((2, 3), np.int8)}, **values)
    assert len({(tmp_path / str(k)).read_bytes() for k in range(3)}) == 1
