"""Sizes of gradients against jax.grad, now and over training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import explore, layers, losses
from tests.explore.models import X, Y, classifier


def deep(activation, depth=6):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((2,)), *[layers.Dense(16, activation) for _ in range(depth)], layers.Dense(1, "sigmoid")]
    )
    model.compile("sgd", "binary_crossentropy")
    return model


def test_the_sizes_are_those_of_jax_grad():
    model = deep("tanh", 2)
    seen = explore.gradients(model, X, Y)
    params, state = model.take()
    slopes = jax.grad(lambda p: losses.BinaryCrossentropy()(Y[:, None], model.apply(p, state, X)[0]))(params)
    kernels = [k for k in params if k.endswith("kernel")]
    np.testing.assert_allclose(seen.data["size"][0], [float(jnp.abs(slopes[k]).mean()) for k in kernels], rtol=1e-5)
    ratios = [np.linalg.norm(slopes[k]) / np.linalg.norm(params[k]) for k in kernels]
    np.testing.assert_allclose(seen.data["ratio"][0], ratios, rtol=1e-5)


def test_a_penalty_is_in_the_gradient():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_regularizer="l2")])
    model.compile("sgd", "mse")
    w = model.get_weights()[0]
    seen = explore.gradients(model, np.zeros((4, 2)), np.zeros((4, 1)))
    assert seen.data["size"][0, 0] == pytest.approx(np.abs(2 * 0.01 * w).mean(), rel=1e-5)


def test_training_goes_on_in_a_copy_as_it_would_in_fit():
    model, twin = classifier(dropout=0.0), classifier(dropout=0.0)
    seen = explore.gradients(model, X, Y, epochs=3, batch_size=96)
    twin.fit(X, Y, epochs=3, batch_size=96, verbose=0)
    # a full batch has the same gradient in any order, up to the rounding of its sums
    assert seen.data["loss"][-1] == pytest.approx(twin.evaluate(X, Y, verbose=0)[0], rel=1e-4)
    assert seen.data["size"].shape == (4, 3)


def test_the_finding_says_what_layer_1_gets():
    model = deep("sigmoid", 8)
    seen = explore.gradients(model, X, Y)
    ratio = seen.data["size"][0, 0] / seen.data["size"][0, -1]
    assert ratio < 1e-4
    assert seen.finding.startswith("Layer 1 gets ")
    assert seen.finding.endswith("of layer 9's gradient: it vanishes on its way to the input.")


def test_a_model_without_matrices_is_told():
    model = keras.Sequential([keras.Input((2,)), layers.BatchNormalization()])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="has no trainable matrix or filter"):
        explore.gradients(model, X, X)
