"""Clock, loop and camera of a link: what it says comes back, and what cannot be shown is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.player_view import CAMERA, LEAST_LOOP, LOOP_ALL, NOTHING, TOGGLES, PlayerView

seconds = st.integers(0, 3_000_000).map(lambda k: k / 100)
loops = st.tuples(seconds, st.integers(20, 100_000)).map(lambda p: (p[0], round(p[0] + p[1] / 100, 2)))
cameras = st.tuples(*(st.floats(low, high).map(lambda v: round(v, 3)) for low, high in CAMERA.values()))
zooms = st.tuples(seconds, st.integers(100, 100_000)).map(lambda p: (p[0], round(p[0] + p[1] / 100, 2)))
toggles = st.sets(st.sampled_from(TOGGLES)).map(lambda on: tuple(name for name in TOGGLES if name in on))
views = st.builds(
    PlayerView,
    st.none() | seconds,
    st.none() | st.just(LOOP_ALL) | loops,
    st.none() | cameras.map(tuple),
    st.none() | zooms,
    st.none() | toggles,
)


def link_of(view: PlayerView) -> dict[str, str]:
    """The view as the player writes it into the address."""
    texts = {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in vars(view).items()
    }
    if view.shown == ():
        texts["shown"] = NOTHING
    return {name: text for name, text in texts.items() if text != "None"}


@given(views)
def test_a_link_reproduces_the_view(view):
    complaints = []
    assert PlayerView.from_url(link_of(view), complaints) == view and complaints == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("at", "soon", "a moment in seconds"),
        ("at", "nan", "a moment in seconds"),
        ("at", "1,2", "a moment in seconds"),
        ("loop", "", "two moments in seconds"),
        ("loop", "3", "two moments in seconds"),
        ("loop", "5,5.1", f"must last {LEAST_LOOP} s or longer"),
        ("loop", "9,5", f"must last {LEAST_LOOP} s or longer"),
        ("loop", "1,1e400", "two moments in seconds"),
        ("camera", "1,2", "yaw, pitch and zoom"),
        ("camera", "0,0,0", "zoom must be between 0.5 and 4"),
        ("zoom", "1,1.5", "must last 1 s or longer"),
        ("zoom", "all", "two moments in seconds"),
        ("shown", "", "must name some of overlay, samples, trails, or be none"),
        ("shown", "trails,legs", "must name some of overlay, samples, trails, or be none"),
        ("camera", "0,9,1", "pitch must be between -0.6 and 1.5"),
    ],
)
def test_nonsense_is_one_line_and_the_first_view(name, text, told):
    complaints = []
    assert PlayerView.from_url({name: text}, complaints) == PlayerView()
    assert len(complaints) == 1 and complaints[0].startswith(f"{name}: ") and told in complaints[0]
    assert "\n" not in complaints[0]


def test_moments_outside_of_what_is_played_are_left_out_and_said():
    complaints = []
    view = PlayerView(99.0, (10.0, 40.0), (0.1, 0.2, 1.0), (0.0, 35.0), ("overlay",))
    assert view.inside(30, 60, complaints) == PlayerView(None, None, (0.1, 0.2, 1.0), None, ("overlay",))
    assert complaints == [
        "at: 99 s is outside of 30 to 60 s, which is played",
        "loop: 10 to 40 s is outside of 30 to 60 s, which is played",
        "zoom: 0 to 35 s is outside of 30 to 60 s, which is played",
    ]
    assert PlayerView(30.0, (30.0, 60.0)).inside(30, 60, []) == PlayerView(30.0, (30.0, 60.0))
    assert PlayerView(loop=LOOP_ALL).inside(30, 60, []).to_player() == {"loop": "all"}
