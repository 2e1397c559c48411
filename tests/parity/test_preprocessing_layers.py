"""Layers of numbers and sounds beside Keras's. Those of strings need TensorFlow there: tests/layers/preprocessing."""

import hypothesis.strategies as st
import keras
import numpy as np
import pytest
from hypothesis import given, settings

import jaxnn
from jaxnn import layers

SETTINGS = settings(max_examples=15, derandomize=True, deadline=None)
RNG = np.random.default_rng(0)
FEW_BITS = {"rtol": 2e-6, "atol": 2e-6}  # the same sums, perhaps in another order
SOUND = RNG.normal(size=(2, 64, 2)).astype("float32")


def pair(name, **kwargs):
    return getattr(layers, name)(**kwargs, name="same"), getattr(keras.layers, name)(**kwargs, name="same")


def assert_same(ours, theirs, *args, tolerances=None, **kwargs):
    y, expected = ours(*args, **kwargs), theirs(*args, **kwargs)
    assert (y.dtype, y.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(np.asarray(y, "float32"), np.asarray(expected, "float32"), **tolerances or FEW_BITS)
    assert ours.get_config() == theirs.get_config()
    assert tuple(ours.compute_output_shape(args[0].shape)) == tuple(theirs.compute_output_shape(args[0].shape))


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(
    "kwargs", [{"scale": 1 / 255}, {"scale": [0.5, 2.0], "offset": -1}, {"scale": 3, "offset": [1.0, 2.0]}]
)
def test_rescaling(kwargs, dtype):
    ours, theirs = pair("Rescaling", dtype=dtype, **kwargs)
    assert_same(ours, theirs, RNG.integers(0, 255, (3, 2)).astype("uint8"))
    assert_same(ours, theirs, RNG.normal(size=(3, 2)).astype("float32"))


@SETTINGS
@given(
    axis=st.sampled_from([-1, 1, None, (1, 2), (0, 2)]),
    invert=st.booleans(),
    dtype=st.sampled_from(["float32", "float64", "int32"]),
)
def test_normalization(axis, invert, dtype):
    ours, theirs = pair("Normalization", axis=axis, invert=invert)
    x = np.random.default_rng(1).normal(5, 3, (6, 4, 3)).astype("float32")
    ours.adapt(x.astype(dtype))
    theirs.adapt(x.astype(dtype))  # of batches it asks TensorFlow
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert mine.dtype == other.dtype
        np.testing.assert_allclose(mine, other, **FEW_BITS)
    assert_same(ours, theirs, x)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"axis": None, "mean": 1.0, "variance": 4.0},
        {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 4.0, 9.0], "invert": True},
        {"axis": (1, 2), "mean": np.ones((4, 1)), "variance": np.full((4, 1), 2.0)},
    ],
)
def test_normalization_by_given_numbers(kwargs):
    assert_same(*pair("Normalization", **kwargs), RNG.normal(size=(2, 4, 3)).astype("float32"))


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_discretization(mode):
    ours, theirs = pair("Discretization", num_bins=5, epsilon=0.05, output_mode=mode)
    for part in np.split(RNG.normal(size=(400,)), 4):
        ours.update_state(part)
        theirs.update_state(part)
    ours.finalize_state()
    theirs.finalize_state()
    assert ours.bin_boundaries == theirs.bin_boundaries
    for shape in ((4, 3), (4, 1), (4,)):
        assert_same(ours, theirs, RNG.normal(size=shape))
    assert type(ours).from_config(ours.get_config()).bin_boundaries == ours.bin_boundaries


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_category_encoding(mode):
    ours, theirs = pair("CategoryEncoding", num_tokens=4, output_mode=mode)
    for shape in ((5, 3), (5, 1), (5,)):
        assert_same(ours, theirs, RNG.integers(0, 4, shape))


def test_category_encoding_of_weighted_numbers():
    ours, theirs = pair("CategoryEncoding", num_tokens=4, output_mode="count")
    assert_same(ours, theirs, RNG.integers(0, 4, (5, 3)), count_weights=RNG.normal(size=(5, 3)).astype("float32"))


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"power_to_db": False, "mag_exp": 1.0, "window": None},
        {"sequence_length": 12, "min_freq": 100.0, "max_freq": 3000.0, "top_db": 20.0, "ref_power": 0.5},
    ],
)
def test_mel_spectrogram(kwargs):
    ours, theirs = pair(
        "MelSpectrogram", fft_length=16, sequence_stride=8, num_mel_bins=5, sampling_rate=8000, **kwargs
    )
    close = {"rtol": 1e-5, "atol": 1e-4}  # decibels of sums of cancelling terms
    assert_same(ours, theirs, SOUND[..., 0], tolerances=close)
    assert_same(ours, theirs, SOUND[0, :, 0], tolerances=close)


@pytest.mark.parametrize("mode", ["log", "magnitude", "psd", "real", "imag", "angle", "stft"])
@pytest.mark.parametrize(
    "kwargs",
    [
        {"padding": "same", "expand_dims": True},
        {"fft_length": 32, "frame_step": 3, "data_format": "channels_first", "scaling": "spectrum", "periodic": True},
    ],
)
def test_stft_spectrogram(mode, kwargs):
    ours, theirs = pair("STFTSpectrogram", mode=mode, frame_length=16, **kwargs)
    x = SOUND if "padding" in kwargs else SOUND.swapaxes(1, 2)
    # an angle of numbers near 0 is any angle
    loose = {"rtol": 1e-4, "atol": 1e-4} if mode in ("angle", "log") else {"rtol": 1e-5, "atol": 1e-5}
    y, expected = np.asarray(ours(x)), np.asarray(theirs(x))
    if mode == "angle":
        y, expected = np.cos(y), np.cos(expected)
        mask = np.isclose(y, expected, **loose)
        assert mask.mean() > 0.9
        y, expected = y[mask], expected[mask]
    np.testing.assert_allclose(y, expected, **loose)
    assert ours.get_config() == theirs.get_config()
    for shape in (x.shape, (None, *x.shape[1:])):
        assert tuple(ours.compute_output_shape(shape)) == tuple(theirs.compute_output_shape(shape))


def layered(package):
    scaled = package.layers.Normalization()
    scaled.adapt(np.arange(12.0).reshape(6, 2))
    levels = package.layers.Discretization(num_bins=3, output_mode="one_hot")
    levels.update_state(np.arange(30.0))
    levels.finalize_state()
    parts = [package.layers.Rescaling(2.0), scaled, levels, package.layers.Flatten()]
    return package.Sequential([package.layers.Input((2,)), *parts])


@pytest.mark.parametrize(("writer", "reader"), [(keras, jaxnn), (jaxnn, keras)], ids=["from Keras", "to Keras"])
def test_files_go_both_ways(writer, reader, tmp_path):
    model = layered(writer)
    model.save(tmp_path / "m.keras")
    loaded = reader.saving.load_model(tmp_path / "m.keras")
    x = RNG.uniform(-20, 20, (5, 2)).astype("float32")
    np.testing.assert_array_equal(loaded(x), model(x))
