"""What an ROI study is asked for, as one value for the command line, the app and manifests."""

from __future__ import annotations

from dataclasses import dataclass, fields
from shlex import join
from typing import Any

from ..config import to_dict
from ..errors import UserError, check_option
from ..request import DEMO, MAX_SAMPLES, MAX_SEED, join_names
from ..results import BRANCHES

ALL_SUBJECTS = "all"
GROUPS, AREAS = "groups", "areas"
MAX_NULLS = 10_000
FEWEST_NULLS = 50  # random regions below which no p against them is given


@dataclass(frozen=True)
class RoiStudyRequest:
    """An ROI study that can be asked for.

    Parameters
    ----------
    run : 'demo' for the models that ship with the package, or the folder of a trained run
    subject : a listener, or 'all'; empty = the first that the run has
    rois : 'groups' (the groups of the atlas, or what belongs together in another space), 'areas' (every ROI of the
        space by itself), or a file of ROIs, of which each is a region
    stories : held-out stories; empty = the test stories of the study
    branch : 'text', 'direct' or 'both'
    samples : texts to draw for the text branch; 0 takes in each word slot the mean over all words that may stand there,
        which draws nothing, so that a lesion is not lost in the noise of drawing
    nulls : random regions of each size, 50 or more; 0 leaves the size-matched null out
    refit : choose the penalty of the readout anew for every region
    seed : of texts, random regions, shifts and the bootstrap
    forward : also add regions one by one until they reach 95 % of all of them, see `studies.roi_forward`

    Raises
    ------
    UserError
        For a value that no study could answer; the message names the field.
    """

    run: str = DEMO
    subject: str = ""
    rois: str = GROUPS
    stories: tuple[str, ...] = ()
    branch: str = "both"
    samples: int = 0
    nulls: int = 50
    refit: bool = False
    seed: int = 0
    forward: bool = False

    def __post_init__(self):
        object.__setattr__(self, "run", str(self.run))
        object.__setattr__(self, "rois", str(self.rois))
        object.__setattr__(self, "stories", tuple(self.stories))
        check_option("branch", self.branch, ("both", *BRANCHES))
        for name, low, high in (("samples", 0, MAX_SAMPLES), ("nulls", 0, MAX_NULLS), ("seed", 0, MAX_SEED)):
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise UserError(f"{name}: must be a whole number from {low} to {high}; got {value!r}")
        if 0 < self.nulls < FEWEST_NULLS:
            raise UserError(
                f"nulls: {self.nulls} random regions are too few for a p of .05 to mean anything; give {FEWEST_NULLS} "
                "or more, or 0 for none"
            )

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches asked for, in the order in which they are always shown."""
        return BRANCHES if self.branch == "both" else (self.branch,)

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return to_dict(self)

    def as_command(self, out: str = "study") -> str:
        """The same study as one shell command that writes the folder `out`."""
        return join(["fmri2ges", *self.as_arguments(out)])

    def as_arguments(self, out: str = "study") -> list[str]:
        """What stands behind `fmri2ges` in that command, word by word."""
        words = ["roi-study", self.run]
        for name, value in self._given().items():
            if value is True:
                words.append(f"--{name}")
            elif name != "run":
                words += [f"--{name}", join_names(value) if isinstance(value, tuple) else str(value)]
        return [*words, "--out", out]

    def as_python(self, out: str = "study") -> str:
        """The same study as a few lines of Python that run in any folder."""
        given = "".join(f"    {name}={value!r},\n" for name, value in self._given().items())
        made = f"request = fmri2ges.RoiStudyRequest(\n{given})\n" if given else "request = fmri2ges.RoiStudyRequest()\n"
        return f"import fmri2ges\n\n{made}study = fmri2ges.roi_study(request, {out!r})\n"

    def _given(self) -> dict[str, Any]:
        """The fields that differ from those of a new request."""
        default = RoiStudyRequest()
        return {
            f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != getattr(default, f.name)
        }
