"""The pieces of the Data screen: what was understood, what is wrong, a recording and a gesture clip."""

from __future__ import annotations

import streamlit as st

from app.components.skeleton_player import skeleton_player
from app.messages import guarded, plain
from app.parts import study_check
from app.parts.study_check import Opened
from app.places import without_paths
from fmri2ges.errors import UserError
from fmri2ges.views import study as views

PLAIN = {"displayModeBar": False}
TALL = 300  # pixels of a list or a table before it scrolls
LINES = 6  # of a list that are surely not taller


def findings(opened: Opened) -> None:
    """All problems, and the notes folded away."""
    checked = opened.checked
    root = str(opened.path.parent)
    n = len(checked.problems)
    if n:
        st.error(f"{n} problem{'s' if n > 1 else ''} to correct before training", icon=":material/error:")
        _list(checked.problems, root)
    else:
        st.success("No problems found", icon=":material/check_circle:")
    if checked.notes:
        doubtful = any(c.note for c in checked.clocks)
        label = f"{len(checked.notes)} note{'s' if len(checked.notes) > 1 else ''}: unusual, but usable"
        with st.expander(label, expanded=doubtful, icon=":material/info:"):
            _list(checked.notes, root)


def _list(lines, root: str) -> None:
    with st.container(border=True, height=TALL if len(lines) > LINES else "content"):
        st.html(problems_html(lines, root))


def problems_html(lines, root: str) -> str:
    """Problems or notes as an HTML list; on a server that others reach without folders of this machine."""
    return views.problems_html([without_paths(line.replace(f"{root}/", "")) for line in lines], root)


def understood(opened: Opened) -> None:
    """Tables of recordings and clips, and the split."""
    checked, study = opened.checked, opened.study
    recordings, clips = views.recording_rows(checked), views.clip_rows(checked)
    if recordings:
        minutes = sum(r.n_volumes * r.tr for r in checked.recordings) / 60
        st.markdown(
            f"**{_count(len(recordings), 'recording')}** of {_count(len(study.subjects), 'subject')}, "
            f"{_count(len(study.stories), 'story', 'stories')}, {minutes:.1f} minutes of BOLD"
        )
        st.dataframe(recordings, hide_index=True, height=_height(recordings), alt="Recordings of the study")
        for way in dict.fromkeys(r.understood for r in checked.recordings if r.understood):
            st.caption(plain(f"Surfaces: {way}"))
    if clips:
        speakers = len({c["Speaker"] for c in clips})
        st.markdown(
            f"**{_count(len(clips), 'gesture clip')}** of {_count(speakers, 'speaker')}, "
            f"{sum(c['Minutes'] for c in clips):.1f} minutes"
        )
        st.dataframe(clips, hide_index=True, height=_height(clips), alt="Gesture clips of the study")
    split = study.split
    if split.within_story_folds:
        st.caption(
            f"Split: {split.within_story_folds} folds inside the story, {split.gap:g} s left out on both sides of each."
        )
    elif study.recordings:
        st.caption(
            f"Split by story: {len(study.train_stories)} to train, {len(split.validation_stories)} to validate, "
            f"{len(split.test_stories)} held out for the test."
        )


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _height(rows) -> int:
    return min(TALL, 38 + 35 * len(rows))


@st.fragment
@guarded
def recording(opened: Opened) -> None:
    """BOLD, words per volume and the clock check of one recording."""
    study, readable = opened.study, opened.checked.recordings
    st.subheader("Recording", divider="gray")
    left, middle, right = st.columns([2, 2, 4])
    subject = left.selectbox(
        "Subject", list(dict.fromkeys(r.subject for r in readable)), key=f"data.subject.{opened.stamp}"
    )
    stories = [r.story for r in readable if r.subject == subject]
    story = middle.selectbox("Story", stories, key=f"data.story.{opened.stamp}.{subject}")
    try:
        stamp = study.stamp(study.recording(subject, story))
        preview = study_check.recording_preview(str(opened.path), stamp, subject, story, study)
    except UserError as error:
        st.html(problems_html([str(error)], str(opened.path.parent)))
        return
    names = list(preview.courses)
    chosen = right.multiselect(
        "BOLD of",
        names,
        default=names[:4],
        max_selections=8,
        key=f"data.regions.{opened.stamp}.{subject}.{story}",
        help="Each curve is the mean of the columns inside; it is detrended and z-scored within the story",
    )
    left, right = st.columns([7, 5], gap="medium")
    title = f"{subject}, {story}"
    with left:
        figure = views.recording_chart(preview, chosen, title, study.simulated)
        st.plotly_chart(figure, key="data.bold", config=PLAIN, alt="BOLD and words per volume over time")
    with right:
        if preview.clock is None:
            st.info("No clock check: it needs two minutes of BOLD with words inside, at a rate that varies.")
            return
        figure = views.clock_chart(preview.clock, title, study.simulated)
        st.plotly_chart(
            figure, key="data.clock", config=PLAIN, alt="Correlation of word rate and BOLD by lag, with its null"
        )
        show = {"on time": st.success, "no response": st.info}.get(preview.clock.verdict, st.warning)
        line = preview.clock.message.removeprefix("clock: ")
        show(line[0].upper() + line[1:])


@st.fragment
@guarded
def clip(opened: Opened) -> None:
    """One gesture clip in the skeleton player."""
    study = opened.study
    motions = [("clip", c.clip) for c in opened.checked.clips]
    if study.simulated:
        motions += [("truth", s) for s in study.stories if (study.root / "truth" / f"{s}.npz").is_file()]
    if not motions:
        return
    st.subheader("Gesture clip", divider="gray")
    left, right = st.columns([4, 4], vertical_alignment="bottom")
    kind, name = left.selectbox(
        "Clip",
        motions,
        key=f"data.clip.{opened.stamp}",
        format_func=lambda m: m[1] if m[0] == "clip" else f"{m[1]} (the simulated truth)",
    )
    facts = next((c for c in opened.checked.clips if c.clip == name), None) if kind == "clip" else None
    try:
        motion, words = study_check.motion(str(opened.path), opened.stamp, kind, name, study)
        start = 0.0
        if motion.duration > views.CLIP_SECONDS:
            last = motion.duration - views.CLIP_SECONDS
            start = right.slider(
                "Show two minutes from", 0.0, last, step=1.0, format="%d s", key=f"data.start.{opened.stamp}.{name}"
            )
        speaker = f"speaker {facts.speaker}" if facts else "truth"
        data = views.clip_data(motion, words, speaker, f"{name} \u00b7 {motion.duration:.0f} s", study.simulated, start)
    except UserError as error:
        st.html(problems_html([str(error)], str(opened.path.parent)))
        return
    left, right = st.columns([7, 5], gap="medium")
    with left:
        skeleton_player(data, key="data.player", height=560)
    if facts:
        with right:
            st.caption("How the file was understood")
            st.text(f"{facts.understood}; {facts.n_joints} joints are kept")
            st.caption(
                "Upright, facing you, the speaker's left hand on your right? If not, give a mapping: "
                "`fmri2ges skeleton FILE.bvh --out skeleton.toml`"
            )


def go_on(opened: Opened) -> None:
    """Commands for the next steps."""
    with st.expander("Go on with this study: commands", icon=":material/terminal:"):
        st.code(study_check.commands(opened), language="bash", wrap_lines=True)
