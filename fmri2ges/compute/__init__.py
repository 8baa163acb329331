"""Many tasks at once: on this computer or on a cluster, resumable; see `map_tasks`."""

from .tasks import Mapped, map_tasks, run_tasks

__all__ = ["Mapped", "map_tasks", "run_tasks"]
