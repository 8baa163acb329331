"""Data: point at a study file; see what was understood, what is wrong, and a recording and a clip of it."""

from types import SimpleNamespace

import streamlit as st

from app import places
from app.messages import guarded
from app.parts import study_check, study_panel
from app.parts.context_bar import context_bar

HELP = """Write one file, `study.toml`, beside your data, with an entry for each recording and each gesture clip.
Nothing is copied. The guide `docs/data-guide.md` has every format and key; this is enough to begin:"""
EXAMPLE = """name = "my study"

[[recording]]                  # one subject hearing one story
subject = "sub-01"
story = "story-a"
bold = "sub-01/story-a.tsv"    # also .csv .npy .npz .hf5 .nii.gz .dtseries.nii .func.gii
tr = 2.0                       # seconds
first_volume_at = 1.0          # centre of the first volume on the words' clock, seconds
words = "story-a.TextGrid"     # also .eaf .tsv, BIDS events, .json of gentle, whisper, MFA

[[gesture]]                    # optional: one speaker telling something
clip = "talk-001"
motion = "talk-001.bvh"        # also BEAT2's and our own .npz
words = "talk-001.TextGrid"
speaker = "1"

[split]
test_stories = ["story-z"]
"""


def choose() -> str:
    """The path that the user gives."""
    left, right = st.columns([7, 3], vertical_alignment="bottom")
    text = left.text_input(
        "Study file",
        key=study_check.PATH,
        persist_state="session",
        placeholder="/data/my-study/study.toml",
        help="A path on the computer on which this program runs"
        + (f", below {places.root()}" if places.is_local() and places.root() else ""),
        disabled=not places.are_open(),
    )
    if not places.are_open():
        left.caption(places.CLOSED)
    with right.container(horizontal=True, horizontal_alignment="right"):
        if text.strip():
            st.button("Check again", icon=":material/refresh:", on_click=study_check.forget)
        else:
            st.button("Open the simulated study of the demo", icon=":material/science:", on_click=study_check.open_demo)
    return text


@guarded
def show(text: str) -> None:
    """Everything about one study."""
    opened = study_check.opened(text)
    study = opened.checked.study
    if study is None:
        context_bar()
        study_panel.findings(opened)
        return
    context_bar(marked=SimpleNamespace(simulated=study.simulated, study=study))
    left, right = st.columns([7, 5], gap="large")
    with left:
        study_panel.understood(opened)
    with right:
        study_panel.findings(opened)
        study_panel.go_on(opened)
    if opened.checked.recordings:
        study_panel.recording(opened)
    study_panel.clip(opened)


path = choose()
if path.strip():
    show(path)
else:
    context_bar()
    st.info(HELP, icon=":material/description:")
    st.code(EXAMPLE, language="toml")
