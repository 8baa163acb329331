"""The shipped models: what the first screen shows, and what the card claims."""

import json
import subprocess
import sys
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import pairwise

import numpy as np
import pytest

from fmri2ges.decoding.baselines import mean_pose, ridge_motion
from fmri2ges.decoding.run import open_run
from fmri2ges.demo import WEIGHTS
from fmri2ges.demo.bold import UNPLANTED
from fmri2ges.demo.world import TEST
from fmri2ges.errors import UserError
from fmri2ges.evaluation.gesture import FPS, features, pair, weighted_r
from fmri2ges.evaluation.metrics import METRICS, R_MEAN
from fmri2ges.evaluation.nulls import allowed_shifts, correlation_at_shifts
from fmri2ges.evaluation.text_rows import TextKind
from fmri2ges.request import DecodeRequest
from fmri2ges.types import Words

CARD = WEIGHTS / "card.json"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("FMRI2GES_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield open_run("demo", device="cpu")
    patch.undo()


def r_of_mean(demo, motion, story) -> float:
    both = pair(demo.reference(story), motion)
    return weighted_r(features(both.reference), features(both.mean))


def shared_words(one: Words, two: Words) -> float:
    """Share of the words that stand in both texts in the same order, 0 to 1."""
    return SequenceMatcher(None, one.text, two.text, autojunk=False).ratio()


def test_weights_are_small_and_carry_no_path():
    assert sum(f.stat().st_size for f in WEIGHTS.rglob("*")) < 15e6
    manifest = json.loads((WEIGHTS / "manifest.json").read_text())
    assert manifest["study"] == "demo" and "run" not in manifest and manifest["simulated"] is True
    rows = json.loads(CARD.read_text())["metrics"]
    assert all(row["id"] in METRICS and row["stories"] == len(TEST) for row in rows)
    assert {row["branch"] for row in rows if row["id"] == R_MEAN.id} == {"text", "direct"}


def shifted_r(demo, motion, story) -> np.ndarray:
    """r of the mean of the samples as decoded (first), and with the motion moved in a circle by every allowed shift."""
    both = pair(demo.reference(story), motion)
    true = features(both.reference)
    return correlation_at_shifts(true, features(both.mean), np.append(0, allowed_shifts(len(true), FPS)))


@pytest.mark.slow
def test_both_branches_follow_the_truth_and_unplanted_rois_do_not(demo):
    """On the same stretch of a story; what it shows by chance is what it shows when the motion is moved in time."""
    story = TEST[0]
    planted = demo.decode(DecodeRequest(story=story, samples=4, start=0, stop=120))
    nothing = demo.decode(DecodeRequest(story=story, rois=UNPLANTED, samples=4, start=0, stop=120))
    assert planted.manifest["simulated"] is True
    for branch in ("text", "direct"):
        real, empty = (shifted_r(demo, getattr(decoded, branch), story) for decoded in (planted, nothing))
        assert real[0] > real[1:].max() + 0.05 and real[0] - empty[0] > (real - empty)[1:].max() + 0.05
        assert empty[0] <= np.quantile(empty[1:], 0.99)


def test_the_first_screen_is_what_the_weights_decode(demo):
    request = demo.complete(DecodeRequest(start=0.0, stop=30.0))
    shipped = demo.kept(request)
    assert shipped is not None and shipped.simulated and shipped.manifest["run_digest"] == demo.digest
    made = demo.decode(request)
    # Another processor rounds otherwise, which sampling amplifies a little.
    np.testing.assert_allclose(made.direct.samples, shipped.direct.samples, atol=0.01)
    # The BOLD is simulated anew, and stored in steps: another number of threads moves some values by a step, and some
    # words fall otherwise. Texts of other draws, as other weights would give, share far fewer words in order.
    same = np.mean([shared_words(a, b) for a, b in zip(made.texts, shipped.texts, strict=True)])
    others = np.mean([shared_words(a, b) for a, b in pairwise(shipped.texts)])
    assert same > others + 0.25


def test_a_draft_is_the_first_sample_of_the_full_result(demo, tmp_path):
    request = DecodeRequest(rois=("Broca", "AC"), samples=5, start=20.0, stop=50.0, seed=3)
    draft, full = demo.draft(request), demo.decode(request)
    assert draft.is_draft and not full.is_draft and draft.request == full.request
    assert [words.text for words in draft.texts] == [full.texts[0].text] and len(full.texts) == 5
    for branch in ("text", "direct"):
        alone, all_of_them = getattr(draft, branch), getattr(full, branch)
        assert len(alone.samples) == 1 and len(all_of_them.samples) == 5
        np.testing.assert_allclose(alone.positions, all_of_them.positions, atol=1e-3)
    with pytest.raises(UserError, match="a draft holds one of the samples only"):
        draft.save(tmp_path / "draft")
    assert not demo.draft(replace(request, samples=1)).is_draft  # it is all that was asked for


def test_opening_the_demo_needs_no_torch():
    """The first screen waits for nothing that takes seconds to import."""
    code = (
        "import sys; from fmri2ges.decoding.run import open_run; from fmri2ges.request import DecodeRequest; "
        "run = open_run('demo', 'cpu'); assert run.kept(run.complete(DecodeRequest(start=0.0, stop=30.0))); "
        "print([m for m in ('torch', 'diffusers', 'transformers') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_baselines_cover_the_story(demo):
    story = TEST[0]
    ridge = ridge_motion(demo, "sub-01", story)
    assert ridge.duration == pytest.approx(300) and r_of_mean(demo, ridge, story) > 0.15
    still = mean_pose(demo, ridge)
    assert np.ptp(still.positions, axis=0).max() == 0


def test_the_cache_is_filled_story_by_story(demo):
    demo.recording("sub-01", TEST[1])
    made = [p.name for p in demo.study.root.rglob("*.npy") if p.stat().st_size]
    assert f"{TEST[1]}.npy" in made and f"{TEST[4]}.npy" not in made


@pytest.mark.slow
def test_a_decoding_of_the_demo_is_evaluated_without_its_training_stories(demo, tmp_path):
    from fmri2ges.reports.evaluate import evaluate_path

    decoded = demo.decode(DecodeRequest(story=TEST[0], branch="text", samples=1, start=20, stop=80))
    report = evaluate_path(decoded.save(tmp_path / "out"))
    (table,) = report.texts
    assert {row.text for row in table.rows} == {TextKind.DECODED, TextKind.ORACLE, TextKind.RATE_ONLY}
    assert any("there is no nearest training segment" in note for note in report.notes)


@pytest.mark.slow
@pytest.mark.timeout(2400)  # it trains; a busy machine takes its time
def test_retraining_lands_on_the_card(tmp_path):
    """The command of the card, run again: held-out r of both branches within .06 of the card."""
    from fmri2ges.demo.study import simulate_study
    from fmri2ges.reports.evaluate import evaluate_path
    from fmri2ges.storage.report import row_to_dict
    from fmri2ges.training.train import train_study

    card = json.loads(CARD.read_text())
    study = simulate_study(tmp_path / "study", seed=0)
    run = train_study(study, tmp_path / "run", device="cpu", seed=0)
    trained = open_run(run, device="cpu")
    for story in TEST:
        trained.decode(DecodeRequest(story=story)).save(run / "decoded" / story)
    rows = [row_to_dict(row) for row in evaluate_path(run).rows]

    def score(table, branch):
        (value,) = [
            row["value"]
            for row in table
            if (row["id"], row["branch"]) == (R_MEAN.id, branch) and row["stories"] == len(TEST)
        ]
        return value

    for branch in ("text", "direct"):
        assert abs(score(rows, branch) - score(card["metrics"], branch)) < 0.06
