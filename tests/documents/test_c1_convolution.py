"""Row C1: convolutional networks: a small window's weights, shared by every place of an image.

Source: D1 (001_07527de4f17d269f) and D4 (004_c6041bac8b80f14b), which announce them.
"""

import keras
import numpy as np

from jaxnn import Sequential, layers, utils

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.randn(2, 6, 7, 3).astype("float32")
KERNEL, BIAS = RANDOM.randn(3, 3, 3, 4).astype("float32"), RANDOM.randn(4).astype("float32")


def set_up(layer, *weights):
    layer.build(IMAGES.shape)
    layer.set_weights(list(weights))
    return layer


def test_c1_a_convolution_is_a_sum_over_a_window_that_slides():
    by_hand = np.zeros((2, 4, 5, 4))
    for i in range(4):
        for j in range(5):
            by_hand[:, i, j] = np.tensordot(IMAGES[:, i : i + 3, j : j + 3], KERNEL, 3) + BIAS
    ours, theirs = (set_up(module.Conv2D(4, 3), KERNEL, BIAS)(IMAGES) for module in (layers, keras.layers))
    np.testing.assert_allclose(ours, by_hand, rtol=1e-4, atol=1e-5)  # float32 sums of 27 terms
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_c1_pooling_keeps_the_largest_of_each_window():
    pooled = np.asarray(layers.MaxPooling2D(2)(IMAGES))
    by_hand = IMAGES[:, :6, :6].reshape(2, 3, 2, 3, 2, 3).max(axis=(2, 4))  # the seventh column finds no partner
    np.testing.assert_array_equal(pooled, by_hand)
    np.testing.assert_array_equal(pooled, keras.layers.MaxPooling2D(2)(IMAGES))


def test_c1_what_moves_in_the_image_moves_in_the_output():
    conv = set_up(layers.Conv2D(4, 3), KERNEL, BIAS)
    moved = np.roll(IMAGES, 1, axis=2)
    np.testing.assert_allclose(conv(moved)[:, :, 1:], conv(IMAGES)[:, :, :-1], rtol=1e-5, atol=1e-5)


def test_c1_it_needs_far_fewer_weights_than_a_dense_layer_of_its_size():
    conv = set_up(layers.Conv2D(4, 3), KERNEL, BIAS)
    assert conv.count_params() == 3 * 3 * 3 * 4 + 4
    dense = layers.Dense(4 * 5 * 4)
    dense.build((None, 6 * 7 * 3))
    assert dense.count_params() == 6 * 7 * 3 * 80 + 80


def test_c1_a_small_network_learns_which_way_a_line_lies_wherever_it_is():
    random = np.random.RandomState(0)
    y = random.randint(0, 2, 400)
    x = 0.2 * random.randn(400, 10, 10, 1)
    for image, lying in zip(x, y, strict=True):
        at = random.randint(10)
        (image[at] if lying else image[:, at])[...] += 1
    x, y = x.astype("float32"), y.astype("float32")[:, None]
    utils.set_random_seed(0)
    model = Sequential([
        layers.Input((10, 10, 1)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dense(1, "sigmoid"),
    ])  # fmt: skip
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 0.01
    model.fit(x[:300], y[:300], epochs=15, verbose=0)
    assert model.evaluate(x[300:], y[300:], verbose=0)[1] > 0.95
