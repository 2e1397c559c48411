"""Row C2: data augmentation: an image moved, turned or flipped keeps its label, and makes a small sample go further.

Source: D4 (004_c6041bac8b80f14b), part 4 of the course it announces: data augmentation and deployment.
"""

import numpy as np
import pytest

from jaxnn import Sequential, layers, utils

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(0, 1, (8, 6, 6, 1)).astype("float32")
LAYERS = {
    "flip": lambda: layers.RandomFlip("horizontal", seed=1),
    "rotation": lambda: layers.RandomRotation(0.1, seed=1),
    "translation": lambda: layers.RandomTranslation(0.2, 0.2, seed=1),
    "zoom": lambda: layers.RandomZoom(0.2, seed=1),
}


@pytest.mark.parametrize("name", LAYERS)
def test_c2_images_change_in_training_and_only_there(name):
    layer = LAYERS[name]()
    np.testing.assert_array_equal(layer(IMAGES, training=False), IMAGES)
    first, second = (np.asarray(layer(IMAGES, training=True)) for _ in range(2))
    assert first.shape == IMAGES.shape
    assert not np.array_equal(first, IMAGES)
    assert not np.array_equal(first, second)  # new ones every time


def test_c2_a_flipped_image_is_the_image_or_its_mirror():
    flipped = np.asarray(LAYERS["flip"]()(IMAGES, training=True))
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, IMAGES, strict=True)]
    kept = [np.array_equal(a, b) for a, b in zip(flipped, IMAGES, strict=True)]
    np.testing.assert_array_equal(np.logical_xor(mirrored, kept), True)
    assert any(mirrored)
    assert any(kept)


def bars(count, places, random):
    """Images of an upright or a lying bar at one of the places, among noise."""
    y = random.randint(0, 2, count)
    x = 0.2 * random.randn(count, 12, 12, 1)
    for image, lying in zip(x, y, strict=True):
        line = slice((at := random.choice(places)), at + 1)
        (image[line] if lying else image[:, line])[...] += 1
    return x.astype("float32"), y.astype("float32")[:, None]


def trained(augment):
    """The accuracy on bars that stand anywhere, after training on bars in the middle."""
    x, y = bars(60, [5, 6], np.random.RandomState(0))
    x_new, y_new = bars(400, [3, 4, 7, 8], np.random.RandomState(1))
    utils.set_random_seed(0)
    augmenting = [layers.RandomTranslation(0.3, 0.3, fill_mode="wrap", seed=1)] if augment else []
    net = [layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(1, "sigmoid")]
    model = Sequential([layers.Input((12, 12, 1)), *augmenting, *net])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=20, epochs=120, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] > 0.95
    return model.evaluate(x_new, y_new, verbose=0)[1]


def test_c2_a_net_that_saw_moved_images_knows_them_elsewhere():
    assert trained(augment=True) > trained(augment=False) + 0.15
