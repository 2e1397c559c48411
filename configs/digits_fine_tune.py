"""Fine-tuning: a network that knows the ten digits learns from fifty images which of them are odd.

    python configs/digits_fine_tune.py

Takes a minute on two cores; scikit-learn has the images. Expect 86.7 % of the other images right without a network, 94.3 %
by the frozen network's features, and 94.3 % after fine-tuning (standard error 1.0): fifty images have no more to teach it,
and with more of the network unfrozen it learns them by heart.

With ImageNet's weights, downloaded once, it is the same three steps and nothing before them; digits are far from what those
have seen:

    python configs/digits_fine_tune.py --weights imagenet

Source: https://keras.io/guides/transfer_learning/
"""

from __future__ import annotations

import argparse
import os
import tempfile

import numpy as np
from sklearn.datasets import load_digits

import jaxnn as keras
from jaxnn.applications import mobilenet_v2

SHAPE = (32, 32, 3)  # the least that MobileNetV2 takes
KNOWN, LABELLED = slice(0, 1200), slice(1200, 1250)  # images to learn the digits from, and to learn from what is odd
REST = slice(1250, None)


def main() -> None:
    """Loads, freezes, fine-tunes, and prints what each step is worth."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--weights", help="'imagenet' or a file; by default a network learns the ten digits first")
    weights = arguments.parse_args().weights
    keras.utils.set_random_seed(0)
    x, digit = images()
    odd = digit % 2

    pixels = keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(1)])
    train(pixels, x[LABELLED], odd[LABELLED], epochs=100, rate=1e-3)
    print(f"without a network, from pixels   {score(pixels, x[REST], odd[REST])} of the other images right")

    # 1. load a network without its classifier
    with tempfile.TemporaryDirectory() as folder:
        if weights is None:
            weights = os.path.join(folder, "digits.weights.h5")
            pretrain(weights, x[KNOWN], digit[KNOWN])
        base = network(weights)

    # 2. freeze it, and train a classifier on its features
    base.trainable = False
    inputs = keras.Input(SHAPE)
    model = keras.Model(inputs, keras.layers.Dense(1)(base(inputs)))
    train(model, x[LABELLED], odd[LABELLED], epochs=100, rate=1e-2)
    print(f"frozen network, new classifier   {score(model, x[REST], odd[REST])}")

    # 3. let its last block move too, in smaller steps. The statistics of fifty images are no better than those it has, so
    #    BatchNormalization stays frozen
    base.trainable = True
    last_block = base.layers[base.layers.index(base.get_layer("block_16_expand")) :]
    for layer in base.layers:
        layer.trainable = layer in last_block and not isinstance(layer, keras.layers.BatchNormalization)
    train(model, x[LABELLED], odd[LABELLED], epochs=50, rate=1e-3)
    print(f"its last block fine-tuned        {score(model, x[REST], odd[REST])}")


def images() -> tuple[np.ndarray, np.ndarray]:
    """1,797 images of 8 x 8 pixels as MobileNetV2 wants them, `(n, 32, 32, 3)`, and their digits."""
    data = load_digits()
    grey = np.kron(data.images.astype("float32"), np.ones((4, 4), "float32")) * (255 / 16)  # they have 17 shades
    return mobilenet_v2.preprocess_input(np.repeat(grey[..., None], 3, -1)), data.target


def network(weights: str | None) -> keras.Model:
    """MobileNetV2 of a third of its width, from an image to features."""
    return mobilenet_v2.MobileNetV2(SHAPE, alpha=0.35, include_top=False, weights=weights, pooling="avg")


def pretrain(path: str, x: np.ndarray, digit: np.ndarray) -> None:
    """Trains a whole network and keeps its weights, without the classifier, in a file."""
    base = network(None)
    for layer in base.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9  # 0.999, as for ImageNet, remembers thousands of steps; these are some hundreds
    model = keras.Sequential([base, keras.layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    model.fit(x, digit, batch_size=40, epochs=20, verbose=0)
    base.save_weights(path)


def train(model: keras.Model, x: np.ndarray, y: np.ndarray, epochs: int, rate: float) -> None:
    """Compiles, which is also what lets a changed `trainable` count, and fits."""
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=[keras.metrics.BinaryAccuracy(threshold=0)])
    model.fit(x, y, batch_size=50, epochs=epochs, verbose=0)


def score(model: keras.Model, x: np.ndarray, y: np.ndarray) -> str:
    """The share of images that a model is right about."""
    return f"{100 * model.evaluate(x, y, batch_size=len(x), verbose=0)[1]:.1f} %"


if __name__ == "__main__":
    main()
