"""Row C4: a trained network is loaded, frozen, and fine-tuned.

Source: D4 (the course it announces): pre-trained models.
"""

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxnn import Input, Model, applications, layers, losses, optimizers, utils

SCRIPT = Path(__file__).parents[2] / "configs" / "digits_fine_tune.py"
RANDOM = np.random.RandomState(0)
BRIGHT = RANDOM.randint(0, 2, 16)
X = applications.vgg16.preprocess_input(RANDOM.uniform(0, 150, (16, 32, 32, 3)) + 100 * BRIGHT[:, None, None, None])
X, Y = X.astype("float32"), BRIGHT.astype("float32")[:, None]
ARGUMENTS = {"include_top": False, "input_shape": (32, 32, 3), "alpha": 0.35, "pooling": "avg"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The weights of a 'trained' network: random ones, and the statistics of the images."""
    network = applications.MobileNetV2(weights=None, **ARGUMENTS)
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    network(X, training=True)
    path = str(tmp_path_factory.mktemp("c4") / "trained.weights.h5")
    network.save_weights(path)
    return path, network.get_weights()


@pytest.fixture(scope="module")
def tuned(file):
    """After each step: the losses, and the network's weights by layer."""
    utils.set_random_seed(0)
    base = applications.MobileNetV2(weights=file[0], **ARGUMENTS)
    base.trainable = False
    image = Input((32, 32, 3))
    model = Model(image, layers.Dense(1)(base(image)))
    steps = [{"weights": by_layer(base), "counts": (len(base.trainable_weights), len(model.trainable_weights))}]
    for last_block_too in (False, True):
        if last_block_too:
            base.trainable = True
            for layer in base.layers:
                layer.trainable = (
                    layer.name == "Conv_1"
                )  # not its BatchNormalization: a frozen one keeps its statistics
        model.compile(optimizers.Adam(0.001 if last_block_too else 0.01), losses.BinaryCrossentropy(from_logits=True))
        history = model.fit(X, Y, batch_size=16, epochs=20, verbose=0).history["loss"]
        counts = (len(base.trainable_weights), len(model.trainable_weights))
        steps.append({"weights": by_layer(base), "loss": history, "counts": counts})
    return steps


def by_layer(base):
    return {layer.name: layer.get_weights() for layer in base.layers}


def moved(before, after):
    """The names of the layers whose weights differ."""
    return {
        name for name in before if any(not np.array_equal(a, b) for a, b in zip(before[name], after[name], strict=True))
    }


def test_c4_loading_gives_the_trained_network(file, tuned):
    loaded = [value for values in tuned[0]["weights"].values() for value in values]
    for a, b in zip(loaded, file[1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_c4_a_frozen_network_stays_as_it_was_while_its_classifier_learns(tuned):
    loaded, frozen, _ = tuned
    assert loaded["counts"] == (0, 2)
    assert moved(loaded["weights"], frozen["weights"]) == set()  # the statistics neither
    assert frozen["loss"][-1] < 0.5 * frozen["loss"][0]


def test_c4_fine_tuning_moves_what_was_unfrozen_and_nothing_else(tuned):
    _, frozen, fine = tuned
    assert fine["counts"] == (1, 3)
    assert moved(frozen["weights"], fine["weights"]) == {"Conv_1"}
    assert fine["loss"][-1] < frozen["loss"][-1]


@pytest.mark.slow
def test_c4_the_example_gets_the_scores_that_its_head_promises(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(SCRIPT)])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    promised = re.findall(r"([\d.]+) %", SCRIPT.read_text(encoding="utf-8").split('"""')[1])
    printed = re.findall(r"([\d.]+) %", capsys.readouterr().out)
    # the compiler's order of sums differs between machines, and half a thousand images see it
    np.testing.assert_allclose(np.float64(printed), np.float64(promised), atol=2.5)
