"""fMRI2GES: co-speech gestures decoded from fMRI by a text branch and a direct branch.

``import fmri2ges`` is cheap; torch, nilearn and plotting libraries are imported only by the
functions that need them.
"""

__version__ = "0.1.0"
