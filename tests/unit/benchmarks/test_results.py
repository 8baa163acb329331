"""The page of results is what its command makes; a claim that does not hold ends a benchmark with one line."""

import ast
import json
import math
from pathlib import Path

import common
import pytest
import results

ROOT = Path(__file__).resolve().parents[3]
# What others import, and what makes the page: no benchmark of its own.
NO_BENCHMARKS = {
    "common.py",
    "alignment.py",
    "kinds.py",
    "lm_llama_cpp.py",
    "lm_torch_engines.py",
    "pictures.py",
    "results.py",
    "timed_app.py",
}
SCRIPTS = sorted(file for file in (ROOT / "benchmarks").glob("*.py") if file.name not in NO_BENCHMARKS)


def test_the_committed_page_is_what_the_command_makes(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["results.py", "--page", str(tmp_path / "page.md")])
    results.main()
    made = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert made == (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


def test_other_figures_give_another_page_and_other_benchmarks_add_their_claims(tmp_path):
    worlds = json.loads((ROOT / "docs" / "results" / "worlds.json").read_text())
    worlds["summary"]["rows"]["direct"] |= {"r": 0.777, "ci": [0.343, 0.366]}
    (tmp_path / "worlds.json").write_text(json.dumps(worlds))
    common.write(tmp_path / "decode.json", {}, [common.at_most("seconds of 8 samples to those of 1", 2.5, 8)])
    page = results.page(tmp_path)
    assert "| 0.777 [0.343, 0.366] |" in page
    assert "| seconds of 8 samples to those of 1 | 2.5 | at most 8 |" in page


@pytest.mark.parametrize(
    "claim, holds",
    [
        (common.at_least("x", 2.0, 2), True),
        (common.at_least("x", 1.9, 2), False),
        (common.at_most("x", 2.0, 2), True),
        (common.at_most("x", 2.1, 2), False),
        (common.at_least("x", math.nan, 0), False),
    ],
)
def test_a_claim_holds_within_its_limits(claim, holds):
    assert claim.holds is holds


def test_a_claim_that_does_not_hold_ends_with_one_line_and_the_figures_are_kept(tmp_path, capsys):
    claims = [common.at_least("ours to theirs", 1.2, 1), common.at_least("r to its null", 0.5, 1)]
    with pytest.raises(SystemExit) as ended:
        common.finish(tmp_path / "deep" / "a.json", {"figures": {"r": 0.1}}, claims)
    assert ended.value.code == f"{tmp_path / 'deep' / 'a.json'}: r to its null: 0.5, but must be at least 1"
    kept = json.loads((tmp_path / "deep" / "a.json").read_text())
    assert [c["holds"] for c in kept["claims"]] == [True, False] and kept["figures"] == {"r": 0.1}
    assert kept["versions"]["numpy"] and kept["machine"]["cores"] >= 1
    common.finish(tmp_path / "a.json", {}, claims[:1])
    assert "all claims hold (1)" in capsys.readouterr().out


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)
def test_every_benchmark_claims_something_and_says_where_it_writes(script):
    tree = ast.parse(script.read_text(encoding="utf-8"))
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert {"arguments", "finish"} <= named and {"at_least", "at_most"} & named


def test_the_page_is_made_of_what_worlds_measures(tmp_path):
    """Two worlds with made-up scores: means, intervals over worlds and ratios world by world."""
    import worlds

    def row(r, p, several=True):
        scores = {"r1": r / 2, "r": r, "r8": r if several else None, "null95": 0.01, "p": p}
        return scores | {"fgd": 10 * r, "fgd_extrapolated": 1.0, "jerk": 20.0}

    measured = []
    for seed, r in ((0, 0.4), (1, 0.6)):
        rows = {name: row(0.1, 0.5) for name in results.ROWS}
        rate = {"product": 0.2 + seed / 10, "ridge on true counts": 0.5}
        rows |= {"direct": row(r, 0.001 if seed else 0.5), "text": row(0.3, 0.5), "ridge": row(2 * r, 0.5, False)}
        one = {"seed": seed, "encoder": "abc", "guidance": {"direct": 1.0 + seed}, "rows": rows}
        measured.append(one | {"laws": {"tr": 1.5}, "word_rate": rate})
    summary = worlds.summarise(measured)
    assert summary["rows"]["direct"]["r"] == pytest.approx(0.5) and summary["rows"]["direct"]["significant"] == 1
    assert summary["differences"]["direct-text"]["mean"] == pytest.approx(0.2)
    assert summary["fgd_ratio"]["ridge"] == pytest.approx([0.5, 0.5])
    assert [c.holds for c in worlds.claims(summary)] == [True] * 3 + [False] * 5 + [True, True, True, False, True, True]
    common.write(tmp_path / "worlds.json", {"summary": summary})
    page = results.page(tmp_path)
    assert "worlds 0, 1," in page and "| ridge fMRI -> mean pseudo-gesture | 0.500 | 1.000 (one motion) |" in page
    assert "(one motion) | 0 of 2 |" in page and "world 1: direct 2.0" in page
    assert "world 1: tr 1.5; word rate r 0.300, of a ridge fitted on the true counts 0.500" in page
    assert "share of the paired linear oracle's, by world: 3.00, 3.00" in page


def test_both_kinds_of_worlds_are_columns_and_a_row_that_one_lacks_is_left_open(tmp_path):
    demo = json.loads((ROOT / "docs" / "results" / "worlds.json").read_text())
    varied = json.loads(json.dumps(demo))
    varied["summary"]["rows"]["text"]["r"] = 0.123
    del varied["summary"]["rows"]["vectors"]
    (tmp_path / "worlds.json").write_text(json.dumps(demo))
    (tmp_path / "worlds_varied.json").write_text(json.dumps(varied))
    page = results.page(tmp_path)
    lines = {line.split(" | ")[0]: line for line in page.splitlines() if line.startswith("| ")}
    first = [line for line in page.splitlines() if line.startswith("| text branch |")][0]
    assert first.split(" | ")[4].startswith("0.123") and "r, one sample: varied kind" in page
    assert lines["| text branch, evidence of word vectors instead of word signatures"].count(" | - ") >= 3
    assert page.count("worlds 0, 1, 2, 3, 4,") == 2


def test_other_ways_of_training_have_a_table_of_their_own(tmp_path):
    ways = json.loads((ROOT / "docs" / "results" / "worlds_training.json").read_text())
    worlds = json.loads((ROOT / "docs" / "results" / "worlds.json").read_text())
    for name, found in (("worlds", worlds), ("worlds_training", ways)):
        (tmp_path / f"{name}.json").write_text(json.dumps(found))
    before, after = results.page(tmp_path).split("## Other ways of training F2G")
    assert "| direct branch, hard labels |" in after and "| direct branch, hard labels |" not in before
    assert "| mean pose |" in before and "| mean pose |" not in after
    assert "soft alignment minus hard labels: -0.002, 95 % CI [-0.018, +0.014]" in after


def test_shares_of_the_oracle_and_rows_that_were_left_out():
    import worlds

    scores = {"r1": 0.1, "r8": 0.2, "null95": 0.1, "p": 0.001, "fgd": 1.0, "fgd_extrapolated": 1.0, "jerk": 1.0}
    rows = {name: scores | {"r": 0.2} for name in ("text", "direct", "t2g", "ridge", "rerendition")}
    rows |= {"oracle": scores | {"r": 0.25}, "null-text": scores | {"r": 0.1}}
    summary = worlds.summarise([{"seed": 3, "encoder": "abc", "guidance": {}, "rows": rows}])
    assert summary["share_of_oracle"] == {"text": [pytest.approx(0.8)], "direct": [pytest.approx(0.8)]}
    assert list(summary["differences"]) == ["direct-text"] and "hard" not in summary["rows"]
    assert [c.holds for c in worlds.claims(summary)] == [False] * 4 + [True, False, True, False]
