import numpy as np
import pytest

from jaxnn import layers

SHAPE = (200, 100)  # 20,000 draws: means are known to 0.007 of a standard deviation, variances to 1 %


def draw(layer, x):
    return np.asarray(layer(x, training=True))


def test_gaussian_noise_has_its_standard_deviation():
    noise = draw(layers.GaussianNoise(0.3, seed=1), np.zeros(SHAPE))
    np.testing.assert_allclose(noise.mean(), 0.0, atol=0.01)
    np.testing.assert_allclose(noise.std(), 0.3, rtol=0.03)


def test_gaussian_dropout_has_the_mean_and_variance_of_dropout():
    factor = draw(layers.GaussianDropout(0.2, seed=1), np.ones(SHAPE))
    np.testing.assert_allclose(factor.mean(), 1.0, atol=0.02)
    np.testing.assert_allclose(factor.var(), 0.2 / 0.8, rtol=0.05)
    mask = draw(layers.Dropout(0.2, seed=1), np.ones(SHAPE))
    np.testing.assert_allclose(factor.var(), mask.var(), rtol=0.1)


def test_alpha_dropout_keeps_mean_and_variance_of_standard_inputs():
    x = np.random.default_rng(0).normal(size=SHAPE).astype("float32")
    y = draw(layers.AlphaDropout(0.3, seed=1), x)
    np.testing.assert_allclose(y.mean(), 0.0, atol=0.03)
    np.testing.assert_allclose(y.var(), 1.0, rtol=0.05)


def test_alpha_dropout_has_one_value_for_what_it_drops():
    x = np.random.default_rng(0).normal(size=SHAPE).astype("float32")
    y = draw(layers.AlphaDropout(0.3, seed=1), x)
    values, counts = np.unique(y, return_counts=True)
    dropped = values[counts.argmax()]
    lowest, q = -1.7580993, 0.7  # minus SELU's alpha times its scale; the share that is kept
    a = (q + lowest**2 * q * (1 - q)) ** -0.5
    np.testing.assert_allclose(dropped, a * lowest + -a * lowest * (1 - q), rtol=1e-5)
    assert 0.28 < counts.max() / y.size < 0.32


@pytest.mark.parametrize(
    "layer", [layers.GaussianNoise(0.3), layers.GaussianDropout(0.3), layers.AlphaDropout(0.3), layers.GaussianNoise(0)]
)
def test_outside_training_the_inputs_pass(layer):
    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(layer(x), x)


def test_without_noise_no_stream_is_started():
    assert not hasattr(layers.GaussianNoise(0.0), "seed_generator")
    assert layers.GaussianNoise(0.1).seed_generator is not None


@pytest.mark.parametrize(
    ("cls", "argument"),
    [(layers.GaussianNoise, "stddev"), (layers.GaussianDropout, "rate"), (layers.AlphaDropout, "rate")],
)
def test_a_share_outside_0_and_1_is_named(cls, argument):
    with pytest.raises(ValueError, match=f"argument `{argument}`. Expected a float value between 0 and 1. .*=1.1"):
        cls(1.1)
