"""Random regions of a given size: what a region has to be compared with, because large regions win by size.

On the cortex a random region is the areas nearest to a random point of the sphere, as many in each hemisphere as the
region has; the point of the right hemisphere is the mirror image of that of the left one, as in spin tests
(Alexander-Bloch et al. 2018, NeuroImage 178). Of the blocks of voxels a run is taken, because blocks that follow each
other are neighbours. The columns of a table have no neighbours: any set of them will do.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .atlas import load_atlas
from .space import Cortex, Space, Voxels
from .surface import load_surface


def random_regions(space: Space, rois: tuple[str, ...], n: int, seed: int) -> list[tuple[str, ...]]:
    """Random contiguous regions with as many ROIs as a given one, on the cortex as many in each hemisphere.

    Parameters
    ----------
    space : of the recording
    rois : the region, names of the space
    n : number of regions; where fewer different ones are possible, those
    seed : regions of one size are the same at the same seed, whatever region they are compared with

    Returns
    -------
    regions : list of tuples of names, each in the order of the space
    """
    index = {name: k for k, name in enumerate(space.names)}
    chosen = np.array([index[name] for name in rois])
    if isinstance(space, Cortex):
        left = int((chosen < len(space.names) // 2).sum())
        key, draw = (left, len(chosen) - left), _around_point
    else:
        key = (len(chosen), 0)
        draw = _run_of_blocks if isinstance(space, Voxels) else _any_set
    rng = np.random.default_rng([seed, *key])
    found: dict[tuple[int, ...], None] = {}
    for _ in range(20 * n):  # small tables have few different regions
        if len(found) == n:
            break
        found[tuple(sorted(draw(space, key, rng)))] = None
    return [tuple(space.names[k] for k in region) for region in found]


@lru_cache(maxsize=1)
def _area_centres() -> np.ndarray:
    """Centre of each area on the unit sphere of its hemisphere, array (360, 3)."""
    labels, sphere = load_atlas().labels, load_surface("sphere").vertices
    centre = np.array([sphere[labels == k + 1].mean(0) for k in range(len(load_atlas().areas))])
    return centre / np.linalg.norm(centre, axis=1, keepdims=True)


def _around_point(space: Space, key: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    point = rng.standard_normal(3)
    point /= np.linalg.norm(point)
    centres, half = _area_centres(), len(space.names) // 2
    left = np.argsort(-(centres[:half] @ point), kind="stable")[: key[0]]
    right = np.argsort(-(centres[half:] @ (point * (-1, 1, 1))), kind="stable")[: key[1]]
    return np.concatenate([left, half + right])


def _run_of_blocks(space: Space, key: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    first = int(rng.integers(len(space.names) - key[0] + 1))
    return np.arange(first, first + key[0])


def _any_set(space: Space, key: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    return rng.choice(len(space.names), key[0], replace=False)
