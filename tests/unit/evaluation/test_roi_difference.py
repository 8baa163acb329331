"""Differences of two sides of ROI studies, and subjects one by one, on studies whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from fmri2ges.errors import UserError
from fmri2ges.evaluation import metrics
from fmri2ges.evaluation.roi_difference import Side, difference
from fmri2ges.evaluation.roi_group import LEAST, group_rows
from fmri2ges.evaluation.roi_rows import Correction, Effect, Mode, Region, RoiRow, RoiStudy

NAMES = ("a", "b", "c", "d")
ALONE = (metrics.R_EXPECTED.id, Effect.ALONE)


def row(subject, branch, region, units, p=1.0) -> RoiRow:
    value = float(np.mean([np.mean(blocks) for blocks in units]))
    kept = tuple(tuple(map(float, blocks)) for blocks in units)
    told = (subject, branch, metrics.R_EXPECTED, Effect.ALONE, region, Mode.EXPLORATORY, value, value, len(units))
    return RoiRow(*told, p_corrected=p, units=kept)


def study(rows, heard, regions=NAMES, space="table", correction=Correction.HOLM) -> RoiStudy:
    made = tuple(Region(name, (name.upper(),), 1) for name in regions)
    stories = tuple(dict.fromkeys(story for told in heard.values() for story in told))
    return RoiStudy(tuple(rows), made, correction, space, True, stories, heard=heard)


def two_branches(rng, effects, stories=6, noise=0.05) -> RoiStudy:
    """What is hard in one story is hard for both branches; the direct one has `effects` more."""
    names = tuple(f"story-{k}" for k in range(stories))
    rows = []
    for region, effect in zip(NAMES, effects, strict=True):
        story = 0.2 * rng.standard_normal(stories)
        for branch, more in (("text", 0.0), ("direct", effect)):
            rows.append(row("s1", branch, region, (story + more + noise * rng.standard_normal(stories))[:, None]))
    return study(rows, {"s1": names})


def branches(made) -> tuple[Side, Side]:
    return Side(made, "s1", "direct", "direct"), Side(made, "s1", "text", "text")


def test_a_difference_is_first_minus_second_and_turns_its_sign_with_them():
    first, second = branches(two_branches(np.random.default_rng(0), (0.2, 0.0, -0.1, 0.0)))
    there, back = difference(first, second, *ALONE), difference(second, first, *ALONE)
    assert there.paired and there.mode == Mode.EXPLORATORY
    for a, b in zip(there.rows, back.rows, strict=True):
        assert a.value == pytest.approx(a.first - a.second) == pytest.approx(-b.value)
        assert a.p == pytest.approx(b.p) and a.p_corrected >= a.p
        assert a.interval.low == pytest.approx(-b.interval.high, abs=0.02)


def test_a_planted_difference_is_found_and_pairing_makes_it_visible():
    made = two_branches(np.random.default_rng(1), (0.3, 0.0, 0.0, 0.0))
    first, second = branches(made)
    paired = difference(first, second, *ALONE)
    assert [r.region for r in paired.rows if r.p_corrected < 0.05] == ["a"]
    elsewhere = replace(made, heard={"s1": tuple(f"other-{k}" for k in range(6))})
    apart = difference(first, replace(second, study=elsewhere), *ALONE)
    assert not apart.paired and "not paired" in apart.about
    widths = [[r.interval.high - r.interval.low for r in found.rows] for found in (paired, apart)]
    assert np.mean(widths[1]) > 2 * np.mean(widths[0])


def test_stories_of_one_name_in_two_studies_are_not_the_same_stories():
    made = two_branches(np.random.default_rng(1), (0.3, 0.0, 0.0, 0.0))
    here, there = (replace(made, manifest={"study_name": name}) for name in ("mine", "theirs"))
    first, second = branches(here)
    assert difference(first, second, *ALONE).paired
    assert not difference(first, replace(second, study=there), *ALONE).paired


@pytest.mark.parametrize("stories", [6, 1])
def test_intervals_cover_and_p_is_uniform_where_nothing_differs(stories):
    covered, p = [], []
    for seed in range(150):
        rng = np.random.default_rng([stories, seed])
        if stories > 1:
            made = two_branches(rng, (0.0,) * 4)
        else:  # one story: blocks
            both = [rng.standard_normal(12), rng.standard_normal(12)]
            rows = [row("s1", b, "a", [x]) for b, x in zip(("text", "direct"), both, strict=True)]
            made = study(rows, {"s1": ("story",)}, regions=("a",))
        found = difference(*branches(made), *ALONE, seed=seed)
        covered += [r.interval.low <= 0.0 <= r.interval.high for r in found.rows]
        p += [r.p for r in found.rows]
    assert 0.89 <= np.mean(covered) <= 0.99
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.09 or stories == 1 and np.mean(np.array(p) < 0.05) <= 0.1
    assert abs(np.mean(p) - 0.5) < 0.07


def test_bad_pairs_are_one_clear_line():
    made = two_branches(np.random.default_rng(2), (0.0,) * 4)
    first, second = branches(made)
    bare = replace(made, rows=tuple(replace(r, units=()) for r in made.rows))
    others = replace(made, regions=tuple(replace(r, rois=("X",)) for r in made.regions))
    renamed = replace(made, rows=tuple(replace(r, region=r.region * 2) for r in made.rows))
    for side, words in (
        (replace(second, study=bare), "before the scores of single stories"),
        (replace(second, study=others), "consists of other ROIs"),
        (replace(second, study=renamed), "no region in common"),
        (replace(second, branch="third"), "has no 'r_expected'"),
    ):
        with pytest.raises(UserError, match=words) as error:
            difference(first, side, *ALONE)
        assert "\n" not in str(error.value)


def subjects(n, worth, seed=0, space="table", noise=0.05) -> RoiStudy:
    rng, heard = np.random.default_rng(seed), {}
    rows = []
    for k in range(n):
        heard[f"s{k}"] = ("story",)
        for region, value in zip(NAMES, worth, strict=True):
            own = value + noise * rng.standard_normal(5)
            rows.append(row(f"s{k}", "direct", region, [own], p=0.01 if own.mean() > 0.1 else 0.9))
    return study(rows, heard, space=space)


def test_below_ten_subjects_they_are_counted_and_no_group_is_tested():
    rows = group_rows(subjects(LEAST - 1, (0.3, 0.0, 0.0, 0.0)), "direct", *ALONE)
    assert [r.agree for r in rows] == [LEAST - 1, 0, 0, 0]
    assert all((r.mean, r.interval, r.p, r.p_corrected) == (None,) * 4 for r in rows)
    assert rows[0].above == LEAST - 1


def test_from_ten_subjects_on_the_mean_is_tested_over_them():
    rows = group_rows(subjects(LEAST, (0.3, 0.0, 0.0, 0.0)), "direct", *ALONE)
    assert [r.region for r in rows if r.p_corrected < 0.05] == ["a"]
    assert rows[0].interval.n == LEAST and rows[0].interval.low < rows[0].mean < rows[0].interval.high


def test_the_group_test_is_right_where_nothing_is_there():
    p = [r.p for seed in range(60) for r in group_rows(subjects(LEAST, (0.0,) * 4, seed), "direct", *ALONE)]
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.09 and abs(np.mean(p) - 0.5) < 0.06


def test_a_single_subject_or_voxels_of_their_own_are_no_group():
    assert group_rows(subjects(1, (0.3,) * 4), "direct", *ALONE) == []
    assert group_rows(subjects(3, (0.3,) * 4, space="voxels"), "direct", *ALONE) == []
