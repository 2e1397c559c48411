import doctest
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import regularizers
from jaxnn.core.scope import StatelessScope
from jaxnn.core.variable import Variable

X = np.array([[1.0, -2.0], [0.5, 4.0]], np.float32)  # sum |x| = 7.5, sum x^2 = 21.25

PENALTIES = [
    (regularizers.Regularizer(), 0.0),
    (regularizers.L1(0.1), 0.75),
    (regularizers.L2(0.2), 4.25),
    (regularizers.L1L2(0.1, 0.2), 5.0),
    (regularizers.L1L2(None, None), 0.0),
    # rows (1, -2) / sqrt(5) and (0.5, 4) / sqrt(16.25): |cosine| = 7.5 / sqrt(81.25)
    (regularizers.OrthogonalRegularizer(0.1), 0.1 * 7.5 / np.sqrt(81.25)),
    # columns (1, 0.5) and (-2, 4): at right angles
    (regularizers.OrthogonalRegularizer(0.1, "columns"), 0.0),
]


@pytest.mark.parametrize(("regularizer", "expected"), PENALTIES)
@pytest.mark.parametrize("form", [np.asarray, jnp.asarray, Variable])
def test_penalties_by_hand_on_every_kind_of_array(regularizer, expected, form):
    # a few float32 roundings
    np.testing.assert_allclose(regularizer(form(X)), expected, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(jax.jit(regularizer)(form(X)), expected, rtol=1e-6, atol=1e-8)


def test_gradients_are_signs_and_multiples():
    np.testing.assert_allclose(jax.grad(regularizers.L1(0.1))(jnp.asarray(X)), 0.1 * np.sign(X), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(regularizers.L2(0.1))(jnp.asarray(X)), 0.2 * X, rtol=1e-6)
    np.testing.assert_allclose(
        jax.grad(regularizers.L1L2(0.1, 0.1))(jnp.asarray(X)), 0.1 * np.sign(X) + 0.2 * X, rtol=1e-6
    )


def test_the_orthogonal_gradient_is_the_slope():
    regularizer, step = regularizers.OrthogonalRegularizer(1.0), np.array([[0.0, 1e-2], [0.0, 0.0]], np.float32)
    slope = (regularizer(X + step) - regularizer(X - step)) / 2e-2

    # a central difference: its error is of the order of the step squared
    np.testing.assert_allclose(jax.grad(regularizer)(jnp.asarray(X))[0, 1], slope, rtol=1e-3)


def test_penalties_keep_the_dtype():
    x = jnp.asarray(X, jnp.bfloat16)

    for regularizer, _ in PENALTIES[1:]:
        assert regularizer(x).dtype == jnp.bfloat16


def test_a_scopes_value_is_the_one_that_counts():
    kernel = Variable(X)
    with StatelessScope([(kernel, jnp.zeros((2, 2)))]):
        assert float(regularizers.L2()(kernel)) == 0.0


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("l1", "L1"),
        ("l2", "L2"),
        ("l1l2", "L1L2"),
        ("l1_l2", "L1L2"),
        ("L1L2", "L1L2"),
        ("orthogonal_regularizer", "OrthogonalRegularizer"),
    ],
)
def test_get_by_name_and_config(name, cls):
    regularizer = regularizers.get(name)
    again = regularizers.deserialize(json.loads(json.dumps(regularizers.serialize(regularizer))))

    assert type(regularizer) is type(again) is getattr(regularizers, cls)
    assert again.get_config() == regularizer.get_config()


def test_get_takes_classes_functions_and_none():
    def penalty(x):
        return jnp.sum(x)

    assert regularizers.get(None) is None
    assert regularizers.get(penalty) is penalty
    assert regularizers.get(regularizers.L2).l2 == 0.01


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "a", [0.1], np.array(0.1)])
@pytest.mark.parametrize(
    "cls", [regularizers.L1, regularizers.L2, regularizers.L1L2, regularizers.OrthogonalRegularizer]
)
def test_factors_must_be_finite_and_not_negative(cls, value):
    with pytest.raises(
        ValueError, match=r"argument (l1|l2|factor): expected a non-negative float. Received: (l1|l2|factor)="
    ):
        cls(value)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match=r'Expected one of {"rows", "columns"}. Received: mode=diagonals'):
        regularizers.OrthogonalRegularizer(mode="diagonals")
    with pytest.raises(ValueError, match=r"must have rank 2. Received: inputs.shape=\(2, 2, 2\)"):
        regularizers.OrthogonalRegularizer()(np.ones((2, 2, 2)))
    with pytest.raises(ValueError, match="typo"):
        regularizers.get("typo")
    with pytest.raises(NotImplementedError, match="get_config"):
        regularizers.Regularizer().get_config()


def test_the_examples_run():
    assert doctest.testmod(regularizers).failed == 0
