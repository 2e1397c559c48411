"""An autoencoder: 64 pixels through eight numbers and back, beside the best that a linear map can do.

    python configs/digits_autoencoder.py

Takes 0.1 minutes on two cores. Expect 18.5 % of the test images' variance left over, where the eight principal components, the
best linear map of that width, leave 33.8 %. The 1,797 images of 8 x 8 pixels are scikit-learn's; the last 359, by people of
whom there is none among the others, are the test.

Source: Hinton, Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 313, 2006.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import jaxnn as keras
from jaxnn import layers

TEST, CODE = 359, 8


def main(arguments: Sequence[str] | None = None) -> float:
    """Trains, prints and returns the share of the test images' variance that the network loses."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=150)
    epochs = parser.parse_args(arguments).epochs
    keras.utils.set_random_seed(0)
    x = (load_digits().data / 16).astype("float32")  # they have 17 shades
    train, test = x[:-TEST], x[-TEST:]

    encoder, autoencoder = networks()
    rate = keras.optimizers.schedules.CosineDecay(2e-3, decay_steps=45 * epochs)  # 45 batches of 32 an epoch
    autoencoder.compile(keras.optimizers.Adam(rate), "mse")
    autoencoder.fit(train, train, batch_size=32, epochs=epochs, verbose=2 if epochs < 5 else 0)

    def left(again: np.ndarray) -> float:
        return float(np.square(test - again).sum() / np.square(test - train.mean(0)).sum())

    pca = PCA(CODE).fit(train)
    linear = left(pca.inverse_transform(pca.transform(test)))
    lost = left(autoencoder.predict(test, verbose=0))
    codes = encoder.predict(test, verbose=0)
    print(
        f"through {codes.shape[1]} numbers and back, {100 * linear:.1f} % of the variance is lost by a linear map, ",
        end="",
    )
    print(f"{100 * lost:.1f} % by this network")
    return lost


def networks() -> tuple[keras.Model, keras.Model]:
    """From images to codes; and from images to images, with the same layers and further ones."""
    inputs = keras.Input((64,))
    code = layers.Dense(CODE, name="code")(layers.Dense(128, activation="gelu")(inputs))
    outputs = layers.Dense(64, activation="sigmoid")(layers.Dense(128, activation="gelu")(code))
    return keras.Model(inputs, code), keras.Model(inputs, outputs)


if __name__ == "__main__":
    main()
