"""One request in all its clothes: JSON, line, link, command, Python."""

import ast
import doctest
import shlex
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fmri2ges.request
from fmri2ges.errors import UserError
from fmri2ges.request import DecodeRequest, join_names, split_names

# Names of ROIs carry no blanks at their ends: a list of them is split at commas and trimmed.
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=1)


@st.composite
def requests(draw):
    """Any valid request with a window."""
    start = draw(st.one_of(st.integers(0, 50_000).map(lambda eighths: eighths / 8), st.floats(0, 7000)))
    return DecodeRequest(
        run=draw(st.sampled_from(["demo", "runs/alice", "C:\\runs\\a b"])),
        subject=draw(NAMES),
        story=draw(NAMES),
        rois=tuple(draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))),
        branch=draw(st.sampled_from(["both", "text", "direct"])),
        samples=draw(st.integers(1, 256)),
        start=start,
        stop=start + draw(st.one_of(st.integers(1, 8000).map(lambda eighths: eighths / 8), st.floats(0.1, 900))),
        seed=draw(st.integers(0, 2**63 - 1)),
        speaker=draw(st.integers(0, 7)),
        f2t=draw(st.sampled_from(["fast", "bayes"])),
        beam=draw(st.integers(1, 500)),
    )


@given(requests())
def test_json_text_and_query_give_the_request_back(request):
    assert DecodeRequest.from_json(request.to_json()) == request
    assert "\n" not in request.text and DecodeRequest.from_text(request.text) == request
    assert DecodeRequest.from_query(request.to_query()) == request
    assert DecodeRequest.from_query(request.to_query(replace(request, seed=1)), replace(request, seed=1)) == request


@given(requests(), requests())
def test_the_digest_names_the_request(a, b):
    assert (a.digest == b.digest) == (a == b)
    assert DecodeRequest.from_json(a.to_json()).digest == a.digest


def test_the_digest_is_the_same_on_every_machine_and_day():
    assert DecodeRequest().digest == "00e0264b151cff8cc4f9c800453af88ad628dcae8dd06409c8044e278ee2f955"


@given(requests())
def test_the_command_line_reads_the_command_back(request):
    """The copied command, taken apart by the command line itself, asks for the same."""
    import typer
    from typer.testing import CliRunner

    from fmri2ges.cli.request_options import asks_for

    seen = []

    def decode(request: DecodeRequest, out: str = "", device: str = "") -> None:
        seen.append((request, out, device))

    app = typer.Typer()
    app.command()(asks_for(decode))
    words = shlex.split(request.as_command("my results", "cpu"))
    assert words[:2] == ["fmri2ges", "decode"]
    result = CliRunner().invoke(app, words[2:])
    assert result.exit_code == 0, result.output
    assert seen == [(request, "my results", "cpu")]


@given(requests())
def test_the_python_lines_ask_for_the_same(request):
    lines = request.as_python("cpu")
    made = next(
        n for n in ast.walk(ast.parse(lines)) if isinstance(n, ast.Call) and "DecodeRequest" in ast.dump(n.func)
    )
    assert DecodeRequest(**{k.arg: ast.literal_eval(k.value) for k in made.keywords}) == request
    assert f"open_run({request.run!r}, device='cpu')" in lines


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Z")), min_size=1), max_size=5))
def test_names_with_commas_and_backslashes_survive(names):
    assert split_names(join_names(names)) == tuple(names)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"rois": ()}, "rois: choose at least one ROI"),
        ({"rois": "AC"}, "rois: must be a list of names"),
        ({"rois": ("AC", "")}, "rois: must be a list of names"),
        ({"branch": "texts"}, "branch: 'texts' is not known; allowed: both, text, direct"),
        ({"samples": 0}, "samples: must be a whole number from 1 to 256; got 0"),
        ({"samples": 10**9}, "samples: must be a whole number from 1 to 256"),
        ({"samples": 2.5}, "samples: must be a whole number"),
        ({"samples": True}, "samples: must be a whole number"),
        ({"seed": -1}, "seed: must be a whole number from 0"),
        ({"start": float("nan")}, "start: must be a number of seconds"),
        ({"start": "10"}, "start: must be a number of seconds"),
        ({"start": 5, "stop": 5}, "stop must be later than start; got 5 and 5 s"),
        ({"f2t": "slow"}, "f2t: 'slow' is not known"),
        ({"run": ""}, "run: must be 'demo' or the folder"),
    ],
)
def test_a_request_that_no_run_can_answer_is_refused_in_one_line(values, message):
    with pytest.raises(UserError, match=message) as error:
        DecodeRequest(**values)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "is not valid JSON"),
        ("[]", "must be a table"),
        ('{"roi": ["AC"]}', "unknown key 'roi' .did you mean rois"),
        ('{"samples": "8"}', "request.samples: must be int"),
        ('{"rois": [1]}', r"request.rois\[0\]: must be str"),
    ],
)
def test_damaged_json_is_one_line(text, message):
    with pytest.raises(UserError, match=message) as error:
        DecodeRequest.from_json(text)
    assert "\n" not in str(error.value)


def test_every_field_has_a_sentence_for_command_line_and_app():
    assert all(f.metadata["help"].endswith(".") for f in fields(DecodeRequest))


def test_the_examples_are_true():
    assert doctest.testmod(fmri2ges.request).failed == 0
