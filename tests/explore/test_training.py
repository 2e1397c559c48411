"""Learning rates, single examples' gradients, and what curves say."""

import jax
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import explore, layers, losses, optimizers
from jaxnn.explore.lr_find import judge
from tests.explore.models import X, Y, classifier


def test_gradients_of_single_examples_are_those_of_jax_grad():
    model = classifier()
    params, state = model.take()
    y = Y.astype("float32")[:, None]

    def slope(x, y):
        return jax.grad(lambda p: losses.BinaryCrossentropy()(y[None], model.apply(p, state, x[None])[0]))(params)

    each = jax.vmap(slope)(X, y)
    flat = np.concatenate([np.reshape(g, (96, -1)) for g in each.values()], axis=1).astype(float)
    data = explore.per_example_gradients(model, X, Y).data
    mean = flat.mean(axis=0)
    np.testing.assert_allclose(data["norm"], np.linalg.norm(flat, axis=1), rtol=1e-4)
    np.testing.assert_allclose(
        data["cosine"], flat @ mean / np.linalg.norm(flat, axis=1) / np.linalg.norm(mean), atol=1e-4
    )
    variance = flat.var(axis=0, ddof=1).sum()
    assert data["variance"] == pytest.approx(variance, rel=1e-3)
    assert data["noise_scale"] == pytest.approx(variance / (mean @ mean - variance / 96), rel=1e-2)
    np.testing.assert_allclose(data["noise"] * data["batch"], variance, rtol=1e-3)  # it falls as 1/n


def test_examples_that_agree_have_no_noise():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    data = explore.per_example_gradients(model, np.ones((8, 1)), np.full((8, 1), 3.0)).data
    assert data["noise_scale"] == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(data["cosine"], 1, rtol=1e-5)


def test_the_rate_that_blows_up_is_found():
    """On an exact quadratic, plain descent diverges above 2 over its curvature."""
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(optimizers.SGD(), "mse")
    x = np.ones((32, 1))
    data = explore.lr_find(model, x, 3 * x, lowest=1e-3, highest=100, steps=60).data
    assert data["loss"][0] == pytest.approx(9)
    assert data["limit"] > 1.0  # the curvature is 2: it starts to grow at 1, and then takes some steps
    assert data["suggested"] < 1.0
    np.testing.assert_allclose(data["rate"][[0, -1]], [1e-3, 100], rtol=1e-5)


def test_the_rate_of_a_loss_scaled_optimiser_grows_too():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(optimizers.LossScaleOptimizer(optimizers.SGD()), "mse")
    x = np.ones((32, 1))
    data = explore.lr_find(model, x, 3 * x, lowest=1e-3, highest=100, steps=60).data
    assert np.nanmin(data["loss"]) < 1
    assert 1.0 < data["limit"] < 100


def test_a_curve_is_judged_by_its_slope_and_its_end():
    rate = np.geomspace(1e-4, 1, 60)
    loss = np.where(rate < 0.2, 1 / (1 + (rate / 0.01)), np.inf)
    data = judge(rate, loss)
    assert 0.003 < data["suggested"] < 0.2
    assert data["limit"] == pytest.approx(rate[rate >= 0.2][0])
    assert np.isnan(data["loss"][-1])
    flat = judge(rate, np.ones(60))
    assert flat["limit"] == np.inf
    noise = judge(rate, 1 + 0.3 * np.random.RandomState(0).randn(60))
    assert noise["limit"] == np.inf


def test_a_loss_that_ends_above_its_beginning_has_blown_up_though_it_fell_little():
    """A classifier begins at ln K: from 2.3 down to 1.9, then to 3.2, which is less than three times 1.9."""
    rate = np.geomspace(1e-4, 10, 100)
    loss = np.where(rate < 0.01, 2.3, np.where(rate < 0.5, 1.9, 3.2))
    assert 0.5 < judge(rate, loss)["limit"] < 1.5  # the smoothed loss needs some steps


def test_rates_must_grow_and_be_there():
    with pytest.raises(ValueError, match=r"0 < lowest < highest was expected; got 1 and 0\.1"):
        explore.lr_find(classifier(), X, Y, lowest=1, highest=0.1)
    import optax

    model = classifier()
    model.compile(optax.sgd(0.1), "binary_crossentropy")
    with pytest.raises(ValueError, match="has no learning rate that can be set"):
        explore.lr_find(model, X, Y)


@pytest.mark.parametrize(("history", "words"), [
    ({"loss": [3, 2, 1.0], "val_loss": [3, 2, 2.5]}, "lowest at epoch 2, 2, and 2.5 at the end, while the training loss falls to 1: overfitting"),
    ({"loss": [1.0, 0.99, 0.99], "val_loss": [1.0, 1.0, 1.0]}, "so the model isn't learning"),
    ({"loss": [4, 3, 2.0], "val_loss": [4, 3, 2.1]}, "still falling: more epochs may help"),
    ({"loss": [4.0, 1.0, 1.0], "val_loss": [4, 1.1, 1.1]}, "flat by now; the best epoch was 2"),
    ({"loss": [2.0, 1.0]}, "without validation data nothing is known of new examples"),
    ({"loss": [2.0, float("nan")]}, "The loss isn't finite from epoch 2 on"),
    ({"loss": [2.0]}, "One epoch: the loss is 2."),
])  # fmt: skip
def test_what_a_curve_says(history, words):
    seen = explore.learning_curve(history)
    assert words in seen.finding
    assert seen.figure is not None


def test_a_history_of_fit_is_taken_as_it_is():
    history = classifier().fit(X, Y, epochs=3, verbose=0, validation_split=0.25)
    data = explore.learning_curve(history).data
    assert data["loss"].tolist() == history.history["loss"]
    np.testing.assert_allclose(data["gap"], data["val_loss"] - data["loss"])
    with pytest.raises(ValueError, match=r"a history with a loss of at least one epoch was expected; got \['acc'\]"):
        explore.learning_curve({"acc": [1]})
