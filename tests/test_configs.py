"""The examples in configs/ run, shortened; that they are worth what their heads say is for whoever runs them in full."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import jaxnn

CONFIGS = Path(__file__).parents[1] / "configs"
SHARES = ["digits_mlp", "digits_cnn", "digits_resnet", "rain_lstm", "text_transformer"]  # of what is right
EXAMPLES = [*SHARES, "digits_autoencoder", "mnist_cnn"]


def example(name):
    spec = importlib.util.spec_from_file_location(f"configs_{name}", CONFIGS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", SHARES)
def test_examples_learn_something_in_an_epoch(name, capsys):
    pytest.importorskip("sklearn")
    right = example(name).main(["--epochs", "1"])
    chance = {"rain_lstm": 0.5, "text_transformer": 0.12}.get(name, 0.1)
    assert chance < right <= 1
    assert f"{100 * right:.1f} %" in capsys.readouterr().out


def test_the_autoencoder_loses_less_than_everything(capsys):
    pytest.importorskip("sklearn")
    lost = example("digits_autoencoder").main(["--epochs", "4"])
    assert 0.1 < lost < 1
    assert "33.8 % of the variance is lost by a linear map" in capsys.readouterr().out


def test_mnist_is_trained_on_pixels_between_0_and_1(monkeypatch):
    rng = np.random.default_rng(0)

    def load_data():
        y = rng.integers(0, 2, 300).astype("uint8")
        x = rng.integers(0, 100, (300, 28, 28)).astype("uint8") + 155 * y[:, None, None]
        return (x[:256], y[:256]), (x[256:], y[256:])

    monkeypatch.setattr(jaxnn.datasets.mnist, "load_data", load_data)
    assert example("mnist_cnn").main(["--epochs", "8"]) > 0.8


def test_the_texts_are_split_by_files():
    module = example("text_transformer")
    quarters = module.sentences()
    for label in range(8):  # a package's sentence is in one quarter only
        own = [{s for s, k in zip(texts, labels, strict=True) if k == label} for texts, labels in quarters]
        assert sum(map(len, own)) == len(set.union(*own))
    test, y_test = quarters[module.TEST]
    train, y = module.together(quarters, {0, 1, 3})
    assert len(train) == len(y) > 2 * len(test)
    assert len(set(y)) == len(set(y_test)) == 8
    assert all(len(s.split()) >= 5 for s in test)


def test_windows_end_with_the_day_before():
    module = example("rain_lstm")
    (x, y), (x_test, y_test) = module.series([2012, 2013, 2014], [2015])
    (_, expected), (features, expected_test) = jaxnn.datasets.rain.load_data("binary")
    np.testing.assert_array_equal(y_test, expected_test)
    np.testing.assert_array_equal(y, expected[module.DAYS - 1 :])
    np.testing.assert_allclose(x_test[:, -1], features, atol=1e-5)  # scaled before and after the cast to float32
    np.testing.assert_allclose(x_test[1:, -2], x_test[:-1, -1])
    assert x.shape[1:] == (14, 8)


@pytest.mark.parametrize("name", EXAMPLES)
def test_heads_say_the_command_the_minutes_and_the_score(name):
    head = " ".join(example(name).__doc__.split())
    assert f"python configs/{name}.py" in head
    assert re.search(r"Takes (about )?[\d.]+ minutes", head)
    assert re.search(r"Expect (about )?[\d.]+ %", head)
    assert "Source:" in head
