"""The cases beside the project: none gives a traceback, and each that was mended gives what a user expects."""

import pytest

from tests import cases_table


@pytest.fixture(scope="module")
def outcomes():
    if not cases_table.CASES.is_dir():
        pytest.skip("no cases beside the project (cases/ of shared/ is missing)")
    return {outcome.case: outcome for outcome in cases_table.outcomes()}


def test_no_case_gives_a_traceback(outcomes):
    assert len(outcomes) > 60
    assert {name: outcome.trace for name, outcome in outcomes.items() if outcome.trace} == {}


def test_every_case_is_one_of_the_readme(outcomes):
    assert [name for name in outcomes if not cases_table.expected(name)] == []


@pytest.mark.parametrize("case", cases_table.WANTED)
def test_a_mended_case_stays_mended(outcomes, case):
    assert outcomes[case].gives(cases_table.WANTED[case]), outcomes[case].now
