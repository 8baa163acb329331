import pytest
import torch

from fmri2ges.threads import STALE, SpareCores, torch_threads, usable_cores


class Machine:
    """A clock and what runs: `others` cores are taken by other programs, `own` by this one."""

    def __init__(self, n_cores: int):
        self.n_cores, self.others, self.own = n_cores, 0.0, 0.0
        self.now = self.busy = self.used = 0.0

    def run(self, seconds: float) -> None:
        self.now += seconds
        self.busy += seconds * (self.others + self.own)
        self.used += seconds * self.own

    def cores(self, most: int) -> SpareCores:
        return SpareCores(self.n_cores, most, lambda: (self.now, self.busy, self.used), self.run)


@pytest.mark.parametrize(("others", "threads"), [(0.0, 2), (0.3, 2), (0.9, 1), (2.0, 1)])
def test_a_core_that_another_program_uses_is_left_to_it(others, threads):
    machine = Machine(2)
    machine.others = others
    assert machine.cores(2).count() == threads


def test_own_work_does_not_count_and_a_change_is_seen():
    machine = Machine(4)
    cores = machine.cores(3)
    machine.own = 3.0
    assert cores.count() == 3
    machine.run(1.0)
    assert cores.count() == 3
    machine.own, machine.others = 2.0, 2.0
    machine.run(0.1)
    assert cores.count() == 3  # too soon to tell
    machine.run(2.0)
    assert cores.count() == 2
    machine.others = 0.0
    machine.run(2 * STALE)  # an old watch is not asked
    assert cores.count() == 3


def test_one_allowed_core_is_not_watched(monkeypatch):
    def fail():
        raise AssertionError

    assert SpareCores(8, 1, fail).count() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert usable_cores() == 1 and SpareCores(read=fail).count() == 1


def test_threads_are_given_back():
    before = torch.get_num_threads()
    with pytest.raises(ValueError), torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise ValueError
    assert torch.get_num_threads() == before
    assert SpareCores().count() >= 1  # the real reading
