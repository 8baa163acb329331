"""What one moment of a training leaves to the next: random generators, network, optimiser, averaged weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import UserError

PARTS = ("weight", "average", "first", "second")  # of each parameter: itself, its average, the moments of AdamW
BEST = "best"  # the average with the lowest held-out loss so far, where there is one
NOTHING = np.zeros(0, np.float32)
DAMAGED = "checkpoint: does not belong to this training, or is damaged; start anew with --force"


def numpy_state(rng: np.random.Generator) -> list[int]:
    """State of numpy's default random generator, four whole numbers."""
    state = rng.bit_generator.state
    assert state["bit_generator"] == "PCG64", "trainings draw from np.random.default_rng"
    return [state["state"]["state"], state["state"]["inc"], state["has_uint32"], state["uinteger"]]


def set_numpy_state(rng: np.random.Generator, numbers: list[int]) -> None:
    """Bring numpy's default random generator to what `numpy_state` gave."""
    state, inc, has_uint32, uinteger = numbers
    words = {"state": state, "inc": inc}
    try:
        rng.bit_generator.state = {
            "bit_generator": "PCG64",
            "state": words,
            "has_uint32": has_uint32,
            "uinteger": uinteger,
        }
    except (ValueError, OverflowError) as error:
        raise UserError(DAMAGED) from error


def set_torch_state(generator: torch.Generator, state: np.ndarray) -> None:
    """Bring torch's random generator to the state that its `get_state` gave, array of bytes."""
    try:
        generator.set_state(torch.from_numpy(state.copy()))
    except (RuntimeError, TypeError) as error:
        raise UserError(DAMAGED) from error


@dataclass
class LoopState:
    """All that one step of the training loop leaves to the next, apart from random generators.

    Parameters
    ----------
    model : the network
    optimiser : its AdamW
    schedule : the learning rate, which follows from the number of the step
    average : averaged weights, in the order of the model's parameters
    losses : loss of each step so far
    judged : held-out losses so far, empty where nothing is held out
    best : the averaged weights with the lowest of them
    """

    model: nn.Module
    optimiser: torch.optim.AdamW
    schedule: torch.optim.lr_scheduler.OneCycleLR
    average: list[Tensor]
    losses: list[float]
    judged: list[float] = field(default_factory=list)
    best: list[Tensor] = field(default_factory=list)

    def judge(self, loss: float) -> None:
        """Note the held-out loss of the averaged weights, and keep them if it is the lowest so far."""
        if loss < min(self.judged, default=np.inf):
            self.best[:] = [kept.detach().clone() for kept in self.average]
        self.judged.append(loss)

    def arrays(self) -> dict[str, np.ndarray]:
        """The state as arrays; those of the network by the names of its parameters."""
        out = {"losses": np.array(self.losses)}
        for (name, weight), kept in zip(self.model.named_parameters(), self.average, strict=True):
            of_weight = self.optimiser.state[weight]
            parts = (weight, kept, of_weight["exp_avg"], of_weight["exp_avg_sq"])
            out |= {f"net.{part}.{name}": x.detach().cpu().numpy() for part, x in zip(PARTS, parts, strict=True)}
        if self.best:
            names = [name for name, _ in self.model.named_parameters()]
            out["judged"] = np.array(self.judged)
            out |= {f"net.{BEST}.{name}": x.cpu().numpy() for name, x in zip(names, self.best, strict=True)}
        return out

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Bring network, optimiser and averaged weights to what `arrays` gave.

        Raises
        ------
        UserError
            When the arrays are those of another network or a longer training.
        """
        step = len(arrays["losses"])
        moments = {}
        with torch.no_grad():
            for k, ((name, weight), kept) in enumerate(zip(self.model.named_parameters(), self.average, strict=True)):
                found = {part: arrays.get(f"net.{part}.{name}", NOTHING) for part in PARTS}
                if step > self.schedule.total_steps or any(x.shape != weight.shape for x in found.values()):
                    raise UserError(DAMAGED)
                weight.copy_(torch.from_numpy(found["weight"]))
                kept.copy_(torch.from_numpy(found["average"]))
                first, second = torch.from_numpy(found["first"]), torch.from_numpy(found["second"])
                moments[k] = {"step": torch.tensor(float(step)), "exp_avg": first, "exp_avg_sq": second}
            if "judged" in arrays:
                self.judged[:] = arrays["judged"].tolist()
                self.best[:] = [self._like(name, weight, arrays) for name, weight in self.model.named_parameters()]
        self.losses[:] = arrays["losses"].tolist()
        self.optimiser.load_state_dict({"state": moments, "param_groups": self.optimiser.state_dict()["param_groups"]})
        self.schedule.load_state_dict({"last_epoch": step - 1, "_step_count": step})
        self.schedule.step()

    @staticmethod
    def _like(name: str, weight: Tensor, arrays: dict[str, np.ndarray]) -> Tensor:
        found = arrays.get(f"net.{BEST}.{name}", NOTHING)
        if found.shape != weight.shape:
            raise UserError(DAMAGED)
        return torch.from_numpy(found).to(weight.device)
