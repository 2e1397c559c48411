"""Row H2: the five histograms: which initial weights saturate a sigmoid, collapse it, keep it, and what ReLU needs.

Source: D1 (001_07527de4f17d269f), "Initial weights"; Xavier Glorot and Yoshua Bengio (2010); Kaiming He et al. (2015).
"""

import numpy as np
import pytest

from jaxnn import explore, initializers
from tests.documents.test_s5_weight_experiment import X, net

NORMAL = initializers.RandomNormal
SIGMOID = {"x 1": NORMAL(stddev=1.0), "x 0.01": NORMAL(stddev=0.01), "Xavier": NORMAL(stddev=1 / np.sqrt(100))}
RELU = {"x 0.01": NORMAL(stddev=0.01), "Xavier": NORMAL(stddev=1 / np.sqrt(100)), "He": NORMAL(stddev=np.sqrt(2 / 100))}


@pytest.fixture(scope="module")
def sigmoid():
    return explore.activations(net("sigmoid"), X, SIGMOID)


@pytest.fixture(scope="module")
def relu():
    return explore.activations(net("relu"), X, RELU)


def test_h2_weights_of_1_saturate_a_sigmoid(sigmoid):
    counts = sigmoid.data["counts"][0, -1]
    assert counts[0] + counts[-1] > 0.3 * counts.sum()  # piled up at 0 and 1
    assert (sigmoid.data["saturated"][0] > 0.5).all()
    assert "x 1: " in sigmoid.finding
    assert "of the outputs of 'layer_1' are saturated" in sigmoid.finding


def test_h2_weights_of_0_01_collapse_it_at_a_half(sigmoid):
    assert sigmoid.data["mean"][1] == pytest.approx(0.5, abs=0.01)
    assert (sigmoid.data["std"][1] < 0.03).all()
    # and of what tells inputs apart each layer leaves a slope of 1/4 times 0.01 sqrt(100): nothing
    assert sigmoid.data["signal"][1, -1] < 1e-4 * sigmoid.data["signal"][1, 0]
    assert "all outputs of 'layer_5' are nearly the same, 0.5 ±" in sigmoid.finding


def test_h2_xavier_keeps_it_spread(sigmoid):
    assert (sigmoid.data["std"][2] > 0.1).all()
    assert (sigmoid.data["saturated"][2] < 0.05).all()
    assert "Xavier: outputs stay spread" in sigmoid.finding


def test_h2_but_no_weights_keep_examples_apart_behind_five_sigmoids(sigmoid):
    """The spread is between units: a unit's own outputs differ less and less, since a sigmoid's slope is at most 1/4."""
    signal = sigmoid.data["signal"][2]
    assert (signal[1:] < signal[:-1] / 3).all()
    assert "but examples get alike: a unit's outputs deviate by 0.2" in sigmoid.finding


def test_h2_under_relu_small_weights_fade_to_nothing(relu):
    std = relu.data["std"][0]
    # a layer multiplies the root mean square by 0.01 sqrt(100 / 2): 0.07
    np.testing.assert_allclose(std[1:] / std[:-1], 0.07, rtol=0.3)


def test_h2_under_relu_xavier_fades_with_depth_and_he_keeps(relu):
    xavier, he = relu.data["std"][1:]
    np.testing.assert_allclose(xavier[1:] / xavier[:-1], np.sqrt(1 / 2), rtol=0.15)  # half of the units say 0
    assert xavier[-1] < xavier[0] / 3
    np.testing.assert_allclose(he / he[0], 1, atol=0.25)
    assert "Xavier: the signal fades" in relu.finding
    assert "He: the signal lives" in relu.finding


def test_h2_the_names_of_jaxnns_initialisers_give_the_same():
    """Glorot's sqrt(2 / (n + m)) is Xavier's 1 / sqrt(n) where layers are equally wide."""
    named = explore.activations(net("relu"), X, ["glorot_normal", "he_normal"]).data["std"]
    by_hand = explore.activations(net("relu"), X, {k: RELU[k] for k in ("Xavier", "He")}).data["std"]
    np.testing.assert_allclose(named, by_hand, rtol=0.15)  # other draws of the same size
