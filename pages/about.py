"""About: what this is, what is simulated, whose atlas it is, how to cite."""

import platform
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from app.parts.context_bar import context_bar
from fmri2ges import __version__
from fmri2ges.brain.atlas import DATA

PACKAGES = ("numpy", "torch", "diffusers", "nilearn", "streamlit", "plotly")

context_bar()
text, facts = st.columns([7, 5], gap="large")
with text:
    st.markdown(
        """
### What this program does
fMRI2GES decodes co-speech gestures from fMRI that was recorded while a person listened to stories.
Two branches do it. The **text branch** decodes words first and lets a generator gesture them. The
**direct branch** goes from BOLD to gesture, after Dual Brain Decoding Alignment taught it what the
generator does with the words.

It is an independent implementation made from the public abstract of Zhu et al., *IEEE Transactions on
Circuits and Systems for Video Technology* 35(9), 2025,
[doi 10.1109/TCSVT.2025.3558125](https://doi.org/10.1109/TCSVT.2025.3558125). Where the abstract is silent,
the design choices are ours.

### What you see first is simulated
The demo decodes a **simulated** study: stories from a grammar, BOLD with a signal planted in known areas,
gestures with a known truth. It is there to test whether the software finds what was planted, and says
nothing about brains. Everything made from it is marked as simulated.

### How to read the gestures
They are gestures that a speaker of the story *might* make. A listener lies still; there is no gesture in
the listener's mind to be read. The decoder draws several samples because many gestures go with one text.
        """
    )
with facts:
    st.markdown("### Atlas and cortex")
    st.markdown(
        "360 areas of HCP-MMP1.0 (Glasser et al., *Nature* 536, 2016, "
        "[doi 10.1038/nature18933](https://doi.org/10.1038/nature18933)) on fsaverage5, and 16 groups of them. "
        "The mesh is FreeSurfer's fsaverage5 as nilearn ships it."
    )
    with st.expander("Notice of the atlas"):
        st.text((DATA / "NOTICE.txt").read_text(encoding="utf-8"))
    st.markdown("### Versions")
    rows = {"fMRI2GES": __version__, "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            rows[name] = version(name)
        except PackageNotFoundError:
            rows[name] = "missing"
    st.table(rows)
