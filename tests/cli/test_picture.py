"""The learning curve: a PNG whose names don't overlap."""

import numpy as np
import pytest

from jaxnn.cli import picture, scores

pytest.importorskip("matplotlib")

CONFIG = {
    "data": {"task": "binary", "train_years": [2012, 2013], "validation_years": [2014], "test_years": [2015]},
    "model": {"layers": [{"type": "Dense"}]},
    "compile": {"loss": "binary_crossentropy"},
}
PENALISED = {**CONFIG, "model": {"layers": [{"type": "Dense", "kernel_regularizer": "l2"}]}}


@pytest.mark.parametrize("epochs", [1, 30])
@pytest.mark.parametrize("config", [CONFIG, PENALISED])
def test_it_is_a_png(tmp_path, config, epochs):
    curve = list(np.linspace(0.7, 0.5, epochs))
    history = dict.fromkeys(("accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"), curve)
    file = tmp_path / "curve.png"
    assert picture.learning_curve(file, "a run", config, history, scores.levels(config, [2014]))
    assert file.read_bytes().startswith(b"\x89PNG")


def test_levels_are_drawn_only_where_they_can_be_compared():
    levels = scores.levels(CONFIG, [2014])
    assert set(picture._free("accuracy", CONFIG, levels)) == {"majority", "persistence", "climatology"}
    assert set(picture._free("loss", CONFIG, levels)) == {"majority", "climatology"}
    assert picture._free("loss", PENALISED, levels) == {}  # a loss with penalties isn't a log-loss
    assert picture._free("auc", CONFIG, levels) == {}


def test_axes_say_what_and_in_which_unit():
    regression = {**CONFIG, "data": {**CONFIG["data"], "task": "regression"}, "compile": {"loss": "mse"}}
    assert picture._label("loss", CONFIG) == "loss: binary crossentropy (nats a day)"
    assert picture._label("loss", PENALISED) == "loss: binary crossentropy + penalties (nats a day)"
    assert picture._label("loss", regression) == "loss: mse ((mm / 60)²)"
    assert picture._label("accuracy", regression) == "accuracy (targets exactly 0 or 1)"
    assert picture._label("auc", CONFIG) == "auc"
