"""Row H1, and erratum E11 in its list: the document's initialisers, each by its own law.

Source: D0 (000_6de89d3050151039), section 5.1.
"""

import numpy as np
import pytest

from jaxnn import initializers, layers

FAN_IN, FAN_OUT = 300, 200
COUNT = FAN_IN * FAN_OUT
NORMAL_CUT = 0.87962566  # the deviation of a standard normal that is cut off at 2


def kernel(name):
    layer = layers.Dense(FAN_OUT, kernel_initializer=name)
    layer.build((None, FAN_IN))
    return layer.kernel.numpy().astype(float)


def assert_mean_and_deviation(w, mean, deviation):
    # five standard errors of 60,000 draws: of the mean deviation / sqrt(n), of the deviation at most 1 / sqrt(2 n)
    assert abs(w.mean() - mean) < 5 * deviation / np.sqrt(COUNT)
    assert w.std() == pytest.approx(deviation, rel=5 / np.sqrt(2 * COUNT))


@pytest.mark.parametrize(("name", "value"), [("zeros", 0.0), ("ones", 1.0)])
def test_h1_zeros_and_ones(name, value):
    np.testing.assert_array_equal(kernel(name), value)


def test_h1_random_normal():
    w = kernel("random_normal")
    assert_mean_and_deviation(w, 0, 0.05)
    # of a normal distribution 4.55 % lie beyond two deviations; a uniform or a cut one has none there
    assert np.mean(np.abs(w) > 0.1) == pytest.approx(0.0455, abs=5 * np.sqrt(0.0455 / COUNT))


def test_h1_random_uniform():
    w = kernel("random_uniform")
    assert_mean_and_deviation(w, 0, 0.05 / np.sqrt(3))
    assert -0.05 <= w.min() < -0.0499  # 60,000 draws come close to both ends
    assert 0.0499 < w.max() <= 0.05
    thirds = np.histogram(w, bins=5, range=(-0.05, 0.05))[0] / COUNT
    np.testing.assert_allclose(thirds, 0.2, atol=5 * np.sqrt(0.16 / COUNT))


def test_h1_truncated_normal():
    w = kernel("truncated_normal")
    assert 0.099 < np.abs(w).max() <= 0.1  # two deviations of 0.05; what lay beyond was drawn again
    assert_mean_and_deviation(w, 0, 0.05 * NORMAL_CUT)


@pytest.mark.parametrize("shape", [(50, 50), (80, 30), (30, 80)])
def test_h1_orthogonal(shape):
    o = np.asarray(initializers.Orthogonal(seed=1)(shape), float)
    if shape[0] < shape[1]:
        o = o.T  # the shorter side's vectors are the orthonormal ones
    np.testing.assert_allclose(o.T @ o, np.eye(o.shape[1]), atol=1e-5)  # float32 dot products of up to 80 terms
    if shape == (50, 50):
        np.testing.assert_allclose(o.T, np.linalg.inv(o), atol=1e-5)  # O^T = O^-1


VARIANCES = {"lecun": 1 / FAN_IN, "he": 2 / FAN_IN, "glorot": 2 / (FAN_IN + FAN_OUT)}


@pytest.mark.parametrize("name", VARIANCES)
def test_h1_lecun_he_and_glorot_have_the_variance_that_keeps_a_signals_size(name):
    deviation = np.sqrt(VARIANCES[name])
    uniform, normal = kernel(f"{name}_uniform"), kernel(f"{name}_normal")
    for w in (uniform, normal):
        assert_mean_and_deviation(w, 0, deviation)
    limit = np.sqrt(3) * deviation  # a uniform distribution's half width
    assert 0.999 * limit < np.abs(uniform).max() <= limit * (1 + 1e-6)
    # the normal one is cut at two deviations of a wider normal, so that this is what is left
    cut = 2 * deviation / NORMAL_CUT
    assert 0.99 * cut < np.abs(normal).max() <= cut * (1 + 1e-6)


def test_e11_the_lists_two_glorot_uniforms_are_a_uniform_and_a_normal_one():
    """Both have variance 2 / (300 + 200). Only the uniform one ends at sqrt(6 / 500); 8 % of the normal one lie beyond."""
    uniform, normal = kernel("glorot_uniform"), kernel("glorot_normal")
    limit = np.sqrt(6 / (FAN_IN + FAN_OUT))
    assert np.mean(np.abs(uniform) > limit * (1 + 1e-6)) == 0
    # a wider normal, cut at 2: P(|z| > sqrt(3) * 0.8796 = 1.5236) less the 0.0455 beyond 2, of the 0.9545 within
    expected = (0.12762 - 0.04550) / 0.95450
    assert np.mean(np.abs(normal) > limit) == pytest.approx(expected, abs=5 * np.sqrt(expected / COUNT))
