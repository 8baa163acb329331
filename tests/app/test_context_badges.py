"""The bar under the navigation says which T2G made the gestures."""

import pytest
from streamlit.testing.v1 import AppTest


def bar(simulated: bool, manifest: dict) -> None:
    from types import SimpleNamespace

    from app.parts.context_bar import _badges

    _badges(SimpleNamespace(simulated=simulated, study=SimpleNamespace(name="mine"), manifest=manifest))


@pytest.mark.parametrize(
    "simulated, t2g, badges",
    [
        (False, "fine-tuned", ["mine", "T2G: shipped, fine-tuned on 3.2 min of clips"]),
        (True, "fine-tuned", ["Simulated data", "T2G: shipped, fine-tuned on 3.2 min of clips"]),
        (False, "demo", ["mine", "Gesture model trained on simulated motion"]),
        (False, "study", ["mine"]),
        (True, "study", ["Simulated data"]),
    ],
)
def test_the_badges_name_a_t2g_that_learnt_from_simulated_motion(simulated, t2g, badges):
    told = {"simulated": simulated, "manifest": {"t2g": t2g, "t2g_seconds": 192.0, "simulated": simulated}}
    shown = [m.value for m in AppTest.from_function(bar, kwargs=told, default_timeout=60).run().markdown]
    assert len(shown) == len(badges) and all(said in text for said, text in zip(badges, shown, strict=True))
