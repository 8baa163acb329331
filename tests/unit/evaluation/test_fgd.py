import numpy as np
import pytest
from scipy.linalg import sqrtm

from fmri2ges.errors import UserError
from fmri2ges.evaluation.encoder import N_LATENT, Encoder, _encoder_net, train_encoder
from fmri2ges.evaluation.fgd import fgd, frechet_distance, kernel_distance, real_floor
from fmri2ges.evaluation.windows import cut_windows
from fmri2ges.motion.features import to_bones
from fmri2ges.storage.encoder import load_encoder, save_encoder


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_frechet_distance_agrees_with_the_matrix_square_root(rng):
    a = rng.standard_normal((300, 6)) @ rng.standard_normal((6, 6))
    b = rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6)) + 1
    sa, sb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(sa + sb - 2 * sqrtm(sa @ sb).real)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-8)


def test_frechet_distance_survives_fewer_windows_than_features(rng):
    a, b = rng.standard_normal((5, 32)), np.tile(rng.standard_normal(32), (5, 1))
    assert np.isfinite(frechet_distance(a, b)) and frechet_distance(a, b) > 0


def test_extrapolation_removes_the_bias_of_small_sets(rng):
    biased, extrapolated = [], []
    for _ in range(12):
        a, b = rng.standard_normal((2, 200, 16))
        biased.append(frechet_distance(a, b))
        extrapolated.append(fgd(a, b, rng))
    assert np.mean(biased) > 0.5
    assert abs(np.mean(extrapolated)) < 0.2 * np.mean(biased)


def test_a_shift_of_the_mean_is_measured_in_its_square(rng):
    a = rng.standard_normal((600, 8))
    b = rng.standard_normal((600, 8)) + 0.5
    assert fgd(a, b, rng) == pytest.approx(8 * 0.25, abs=0.35)


def test_kernel_distance_is_unbiased_and_sees_a_shift(rng):
    same = [kernel_distance(*rng.standard_normal((2, 100, 8))) for _ in range(40)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(40)
    assert kernel_distance(rng.standard_normal((200, 8)), rng.standard_normal((200, 8)) + 0.7) > 5 * np.std(same)


def test_too_few_windows_are_refused_in_one_line(rng):
    with pytest.raises(UserError, match="at least 160") as error:
        fgd(rng.standard_normal((159, 4)), rng.standard_normal((500, 4)), rng)
    assert "\n" not in str(error.value)


def test_the_real_floor_never_splits_a_clip(rng):
    clips = np.repeat(np.arange(4), 200)
    # Each clip has its own mean: were a clip on both sides, the halves would agree.
    real = rng.standard_normal((800, 3)) + 3 * np.arange(4)[clips][:, None]
    assert real_floor(real, clips, rng) > 1
    assert real_floor(real[:300], clips[:300], rng) is None


def test_windows_do_not_overlap(synthetic, rng):
    bones = to_bones(synthetic.gesture(rng, 10)[0].positions)
    windows = cut_windows(bones)
    assert windows.shape == (4, 34, 27)
    assert np.array_equal(windows.reshape(-1, 27), bones[: 4 * 34])


@pytest.fixture(scope="module")
def small():
    """An encoder trained for a moment, and its windows."""
    rng = np.random.default_rng(5)
    t = np.arange(34)[None, :, None] / 15
    windows = np.sin(t * rng.uniform(1, 6, (200, 1, 27)) + rng.uniform(0, 6, (200, 1, 27))).astype(np.float32)
    return train_encoder(windows, seed=1, steps=15, note="sines"), windows


def test_numpy_runs_the_net_that_torch_trained(small):
    import torch

    encoder, windows = small
    w = encoder.weights
    net = _encoder_net()
    net.load_state_dict({k: torch.from_numpy(v) for k, v in w.items() if k[0].isdigit()})
    x = ((windows - w["window_mean"]) / w["window_scale"]).transpose(0, 2, 1).copy()
    with torch.no_grad():
        z = net(torch.from_numpy(x)).numpy()
    assert np.allclose(encoder(windows), (z - w["latent_mean"]) / w["latent_scale"], atol=1e-3)


def test_features_are_standardised_on_the_training_windows(small):
    encoder, windows = small
    z = encoder(windows)
    assert z.shape == (200, N_LATENT)
    assert np.allclose(z.mean(0), 0, atol=1e-3) and np.allclose(z.std(0), 1, atol=1e-3)


def test_the_seed_fixes_the_encoder_and_touches_nothing_global(small):
    import torch

    encoder, windows = small
    before = torch.random.get_rng_state()
    same = train_encoder(windows, seed=1, steps=15)
    assert torch.equal(before, torch.random.get_rng_state())
    assert same.digest == encoder.digest
    assert train_encoder(windows, seed=2, steps=15).digest != encoder.digest


def test_the_encoder_comes_back_from_its_file(small, tmp_path):
    encoder, windows = small
    again = load_encoder(save_encoder(encoder, tmp_path / "e.safetensors"))
    assert isinstance(again, Encoder) and again.note == "sines" and again.digest == encoder.digest
    assert np.array_equal(again(windows), encoder(windows))


def test_a_missing_or_cut_encoder_is_a_clear_error(small, tmp_path):
    with pytest.raises(UserError, match="train"):
        load_encoder(tmp_path / "none.safetensors")
    file = save_encoder(small[0], tmp_path / "e.safetensors")
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(UserError, match="cannot be read"):
        load_encoder(file)


def test_the_shipped_encoder_tells_real_motion_from_a_still_pose(synthetic, rng):
    encoder = load_encoder()
    real = cut_windows(to_bones(synthetic.gesture(rng, 800)[0].positions))
    half = len(real) // 2
    still = np.tile(real.mean((0, 1), keepdims=True), (half, 34, 1))
    assert fgd(encoder(still), encoder(real[:half]), rng) > 10 * abs(
        fgd(encoder(real[half:]), encoder(real[:half]), rng)
    )
