"""Row A3: images: load, look, flatten to a vector, rescale to 0-1, one-hot the labels.

Source: D4 (004_c6041bac8b80f14b), "Data preparation": [0,0,0,24,75,184,185,78,32,55,0,0,0...], and 0 → [1,0,0,0,0,0,0,0,0,0].
MNIST needs a download; scikit-learn's digits have 8 x 8 pixels of 0 to 16.
"""

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest

from jaxnn import Sequential, layers, utils

SLIDE = [0, 0, 0, 24, 75, 184, 185, 78, 32, 55, 0, 0, 0]  # pixels of 0 to 255


@pytest.fixture(scope="module")
def digits():
    return pytest.importorskip("sklearn.datasets").load_digits()


def test_a3_an_image_is_a_table_of_numbers_that_can_be_looked_at(digits, tmp_path):
    assert digits.images.shape == (1797, 8, 8)
    assert (digits.images.min(), digits.images.max()) == (0, 16)
    assert set(digits.target) == set(range(10))
    figure, axes = plt.subplots()
    shown = axes.imshow(digits.images[0], cmap="gray")
    np.testing.assert_array_equal(shown.get_array(), digits.images[0])
    plt.close(figure)
    # and as a file and back: 16 levels spread over 256
    image = digits.images[0][..., None] * 255 / 16
    utils.save_img(str(tmp_path / "zero.png"), image, scale=False)
    loaded = utils.img_to_array(utils.load_img(str(tmp_path / "zero.png"), color_mode="grayscale"))
    np.testing.assert_array_equal(loaded, np.floor(image))


def test_a3_flattening_writes_the_rows_one_after_the_other(digits):
    flat = np.asarray(layers.Flatten()(digits.images[:5]))
    np.testing.assert_array_equal(flat, digits.images[:5].reshape(5, 64))
    np.testing.assert_array_equal(flat[0, :8], digits.images[0, 0])
    np.testing.assert_array_equal(flat, keras.layers.Flatten()(digits.images[:5]))


def test_a3_rescaling_brings_the_slides_pixels_to_zero_to_one():
    scaled = np.asarray(layers.Rescaling(1 / 255)(np.array([SLIDE], "float32")))
    np.testing.assert_allclose(scaled[0], np.array(SLIDE) / 255, rtol=1e-6)
    assert 0 <= scaled.min() < scaled.max() <= 1
    np.testing.assert_array_equal(scaled, keras.layers.Rescaling(1 / 255)(np.array([SLIDE], "float32")))


def test_a3_labels_become_the_slides_rows():
    encoded = utils.to_categorical([0, 1, 2, 3], 10)
    np.testing.assert_array_equal(encoded, np.eye(10)[:4])
    np.testing.assert_array_equal(encoded, keras.utils.to_categorical([0, 1, 2, 3], 10))


def test_a3_a_network_reads_the_digits_so_prepared(digits):
    x, y = digits.images.astype("float32"), utils.to_categorical(digits.target, 10)
    utils.set_random_seed(0)
    model = Sequential([
        layers.Input((8, 8)), layers.Rescaling(1 / 16), layers.Flatten(),
        layers.Dense(64, "relu"), layers.Dense(10, "softmax"),
    ])  # fmt: skip
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:1400], y[:1400], epochs=15, verbose=0)
    assert model.evaluate(x[1400:], y[1400:], verbose=0)[1] > 0.85  # other writers than those it has seen
