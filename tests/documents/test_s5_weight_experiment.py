"""Row S5: D1's experiment: 1000 rows of 100 numbers through five layers of 100 units, a histogram of each.

Source: D1 (001_07527de4f17d269f), "Initial weights"; "Deep Learning from Scratch", 6.2.2.
"""

import numpy as np

import jaxnn as keras
from jaxnn import explore, initializers, layers

RANDOM = np.random.RandomState(0)
X = RANDOM.randn(1000, 100).astype("float32")


def net(activation):
    """Five layers of 100 without biases, as the loop in D1 has them."""
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(100, activation, use_bias=False, name=f"layer_{i + 1}") for i in range(5)]
    return keras.Sequential([keras.Input((100,)), *hidden])


def by_hand(weights, activation):
    """D1's loop: `a = X @ w; x = activation(a)`, the outputs of the five layers."""
    x, outputs = X, []
    for w in weights:
        x = activation(x @ w)
        outputs.append(x)
    return outputs


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def test_s5_the_histograms_are_those_of_the_loop_in_numpy():
    weights = [RANDOM.randn(100, 100).astype("float32") for _ in range(5)]
    model = net("sigmoid")
    model.set_weights(weights)
    data = explore.activations(model, X).data
    assert data["layers"] == [f"layer_{i}" for i in range(1, 6)]
    for i, a in enumerate(by_hand(weights, sigmoid)):
        counts, _ = np.histogram(a, data["edges"][i])
        # outputs at an edge fall on either side by a rounding of float32
        assert np.abs(counts - data["counts"][0, i]).sum() < 0.002 * a.size
        assert abs(a.mean() - data["mean"][0, i]) < 1e-4


def test_s5_all_settings_run_as_one_and_each_as_it_would_alone():
    scales = {"x 1": initializers.RandomNormal(stddev=1.0), "x 0.01": initializers.RandomNormal(stddev=0.01)}
    both = explore.activations(net("sigmoid"), X, scales).data
    for i, (name, initializer) in enumerate(scales.items()):
        alone = explore.activations(net("sigmoid"), X, {name: initializer}).data
        np.testing.assert_allclose(both["mean"][i], alone["mean"][0], atol=1e-5)
        np.testing.assert_allclose(both["std"][i], alone["std"][0], atol=1e-4)


def test_s5_the_figure_has_a_histogram_for_each_layer_and_setting():
    seen = explore.activations(net("relu"), X, ["glorot_normal", "he_normal"])
    assert len(seen.figure.axes) == 10
    assert [ax.get_title() for ax in seen.figure.axes[:5]] == [f"layer_{i}" for i in range(1, 6)]
