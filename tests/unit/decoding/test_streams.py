"""Noise of the branches: no two motions of one seed are drawn from the same numbers."""

import numpy as np
import torch

from fmri2ges.decoding.motions import DIRECT_STREAM, HEARD_STREAM, TEXT_STREAM, torch_generator


def first_numbers(seed: int, stream: int, fold: int = 0) -> tuple[float, ...]:
    return tuple(torch.randn(4, generator=torch_generator(seed, stream, fold)).tolist())


def test_folds_of_the_direct_branch_share_no_noise_with_each_other_or_with_another_motion():
    drawn = [first_numbers(7, stream) for stream in (TEXT_STREAM, HEARD_STREAM)]
    drawn += [first_numbers(7, DIRECT_STREAM, fold) for fold in range(8)]
    drawn += [first_numbers(8, DIRECT_STREAM, fold) for fold in range(8)]
    assert len(set(drawn)) == len(drawn)


def test_without_folds_the_noise_is_that_of_seed_and_stream():
    seed = int(np.random.default_rng([7, DIRECT_STREAM]).integers(2**62))
    assert first_numbers(7, DIRECT_STREAM) == tuple(
        torch.randn(4, generator=torch.Generator().manual_seed(seed)).tolist()
    )
