"""MNIST with a small convolutional network: the network of Keras's first example.

    python configs/mnist_cnn.py

Downloads 11 MB once, into Keras's cache folder. Takes about 5 minutes on two cores. Expect about 99 % of the 10,000 test images
right: https://keras.io/examples/vision/mnist_convnet/ has 99.2 % with these layers and settings.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proc. IEEE 86, 1998.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

import jaxnn as keras


def main(arguments: Sequence[str] | None = None) -> float:
    """Trains, prints and returns the share of the test images that are right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    epochs = parser.parse_args(arguments).epochs
    keras.utils.set_random_seed(0)
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()

    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(pixels(x_train), y_train, batch_size=128, epochs=epochs, validation_split=0.1)

    _, right = model.evaluate(pixels(x_test), y_test, verbose=0)
    print(f"{100 * right:.2f} % of the test images right")
    return right


def pixels(images: np.ndarray) -> np.ndarray:
    """Shades of 0 to 255 as numbers between 0 and 1, with an axis for the one channel."""
    return images[..., None].astype("float32") / 255


def network() -> keras.Model:
    """Two convolutions, each followed by a pooling, and a dense layer."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


if __name__ == "__main__":
    main()
