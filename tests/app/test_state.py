"""The request: what a link and the copied command say about it."""

import ast
import shlex

from hypothesis import given
from hypothesis import strategies as st

from app.state import Request, _from_url, _to_url

names = st.text(st.characters(codec="utf-8", exclude_characters=",", exclude_categories=("Cs", "Cc")), min_size=1)
seconds = st.integers(0, 5000).map(float)
requests = st.builds(
    Request,
    subject=names,
    story=names,
    rois=st.lists(names, min_size=1).map(tuple),
    start=seconds,
    stop=seconds,
    samples=st.integers(1, 32),
    seed=st.integers(0, 2**31 - 1),
)


@given(requests)
def test_a_link_reproduces_the_choice(request):
    again = _from_url(Request(samples=request.samples, seed=request.seed), _to_url(request))
    assert again == request


def test_the_default_choice_has_an_empty_link():
    assert _to_url(Request()) == {}


def test_a_link_with_nonsense_numbers_keeps_the_default():
    assert _from_url(Request(), {"start": "soon", "stop": ""}) == Request()


@given(requests)
def test_the_command_keeps_every_word_whole(request):
    words = shlex.split(request.as_command())
    assert words[:5] == ["python", "-m", "fmri2ges", "decode", "demo"]
    value = {words[i]: words[i + 1] for i in range(5, len(words), 2)}
    assert value["--subject"] == request.subject and value["--story"] == request.story
    assert value["--rois"] == ",".join(request.rois)
    assert (float(value["--start"]), float(value["--stop"])) == (request.start, request.stop)


@given(requests)
def test_the_python_lines_ask_for_the_same(request):
    call = ast.parse(request.as_python()).body[-1].value
    assert [ast.literal_eval(a) for a in call.args] == [request.subject, request.story]
    assert {k.arg: ast.literal_eval(k.value) for k in call.keywords} == {
        "rois": request.rois,
        "start": request.start,
        "stop": request.stop,
        "samples": request.samples,
        "seed": request.seed,
    }


def test_another_run_is_opened_by_its_folder():
    text = Request(run="runs/alice", subject="s18", story="alice").as_python()
    assert "Session.open('runs/alice', device='auto')" in text and "import Session" in text
