"""Row F4: a softmax makes scores a distribution over the classes, where sigmoids don't.

Source: D0 (000_6de89d3050151039), section 3.2; D2 (002_1a8456b54e16ef06). The numbers are theirs.
"""

import numpy as np
import pytest

from jaxnn import activations, layers

SIGMOIDS = np.array([[0.9, 0.8, 0.9], [0.1, 0.1, 0.05]])
SCORES = np.log(SIGMOIDS / (1 - SIGMOIDS))  # the z whose sigmoids these are


@pytest.mark.parametrize("softmax", [activations.softmax, layers.Softmax(), layers.Activation("softmax")])
def test_f4_exponentials_over_their_sum(softmax):
    # e^ln 7 : e^ln 2 : e^ln 1 is 7 : 2 : 1, the document's 70 %, 20 % and 10 %; D2's cats are 18 : 1 : 1
    z = np.log(np.array([[7.0, 2.0, 1.0], [18.0, 1.0, 1.0]], "float32"))
    np.testing.assert_allclose(softmax(z), [[0.7, 0.2, 0.1], [0.9, 0.05, 0.05]], rtol=1e-6)
    np.testing.assert_allclose(softmax(z - 100), softmax(z), rtol=1e-5)  # scores have no absolute meaning


def test_f4_sigmoids_do_not_sum_to_one_and_a_softmax_does():
    each = activations.sigmoid(SCORES)
    np.testing.assert_allclose(each, SIGMOIDS, rtol=1e-6)
    np.testing.assert_allclose(each.sum(axis=1), [2.6, 0.25], rtol=1e-6)
    together = activations.softmax(SCORES)
    np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-6)
    assert ((together > 0) & (together < 1)).all()
    np.testing.assert_array_equal(together.argmax(axis=1), SCORES.argmax(axis=1))  # the order stays


def test_f4_an_output_layer_has_a_neuron_for_each_class_and_shares_sum_to_one(key):
    layer = layers.Dense(3, "softmax")
    params, state = layer.init(key, (None, 4))
    y, _ = layer.apply(params, state, 100 * np.random.RandomState(0).randn(64, 4).astype("float32"))
    assert y.shape == (64, 3)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)  # also for scores in the hundreds: none overflows
    assert ((y >= 0) & (y <= 1)).all()
