import doctest
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn import constraints
from jaxnn.core.variable import Variable

W = np.array([[3.0, 0.3, 0.0], [-4.0, 0.4, 0.0]], np.float32)  # columns of norm 5, 0.5 and 0

ALLOWED = [
    (constraints.Constraint(), W),
    (constraints.NonNeg(), [[3.0, 0.3, 0.0], [0.0, 0.4, 0.0]]),
    (constraints.UnitNorm(), [[0.6, 0.6, 0.0], [-0.8, 0.8, 0.0]]),
    (constraints.MaxNorm(1.0), [[0.6, 0.3, 0.0], [-0.8, 0.4, 0.0]]),
    (constraints.MinMaxNorm(1.0, 2.0), [[1.2, 0.6, 0.0], [-1.6, 0.8, 0.0]]),
    (constraints.MinMaxNorm(1.0, 2.0, rate=0.5), [[2.1, 0.45, 0.0], [-2.8, 0.6, 0.0]]),
]


@pytest.mark.parametrize(("constraint", "expected"), ALLOWED)
@pytest.mark.parametrize("form", [np.asarray, jnp.asarray, Variable])
def test_allowed_weights_by_hand_on_every_kind_of_array(constraint, expected, form):
    # the norms have 1e-7 added, which shortens a vector of norm 0.5 by 2e-7 of it
    np.testing.assert_allclose(constraint(form(W)), expected, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(constraint)(form(W)), expected, rtol=1e-6)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 10), axis=st.sampled_from([0, 1, -1, (0, 1), [0, 1], None]))
def test_norms_end_up_within_their_range(seed, scale, axis):
    w = scale * np.random.default_rng(seed).normal(size=(4, 3)).astype(np.float32)

    bounded = np.asarray(constraints.MinMaxNorm(0.5, 1.5, axis=axis)(w))

    norms = np.sqrt(np.sum(bounded**2, axis=tuple(axis) if isinstance(axis, list) else axis))
    # the 1e-7 in the denominator, against norms of 0.1 and more
    assert np.all(norms > 0.5 * (1 - 1e-5))
    assert np.all(norms < 1.5 * (1 + 1e-5))


def test_what_is_allowed_stays_the_same():
    w = np.full((3, 2), 0.1, np.float32)

    for constraint in (constraints.MaxNorm(1.0), constraints.NonNeg(), constraints.MinMaxNorm(0.1, 1.0)):
        np.testing.assert_allclose(constraint(w), w, rtol=1e-6)  # the 1e-7 beside a norm of 0.17


def test_the_dtype_is_kept():
    for constraint, _ in ALLOWED:
        assert constraint(jnp.asarray(W, jnp.bfloat16)).dtype == jnp.bfloat16


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("max_norm", "MaxNorm"),
        ("maxnorm", "MaxNorm"),
        ("non_neg", "NonNeg"),
        ("nonneg", "NonNeg"),
        ("unit_norm", "UnitNorm"),
        ("unitnorm", "UnitNorm"),
        ("min_max_norm", "MinMaxNorm"),
        ("MinMaxNorm", "MinMaxNorm"),
    ],
)
def test_get_by_name_and_config(name, cls):
    constraint = constraints.get(name)
    again = constraints.deserialize(json.loads(json.dumps(constraints.serialize(constraint))))

    assert type(constraint) is type(again) is getattr(constraints, cls)
    assert again.get_config() == constraint.get_config()


def test_configs_hold_the_arguments():
    assert constraints.MaxNorm(3.0, axis=1).get_config() == {"max_value": 3.0, "axis": 1}
    assert constraints.UnitNorm(axis=[0, 1]).get_config() == {"axis": [0, 1]}
    assert constraints.MinMaxNorm(0.5, 2.0, 0.7, 1).get_config() == {
        "min_value": 0.5,
        "max_value": 2.0,
        "rate": 0.7,
        "axis": 1,
    }
    assert constraints.NonNeg().get_config() == {}


def test_get_takes_classes_functions_and_none():
    assert constraints.get(None) is None
    assert constraints.get(jnp.abs) is jnp.abs
    assert constraints.get(constraints.MaxNorm).max_value == 2
    with pytest.raises(ValueError, match=r"max_nrom.*Did you mean 'max_norm'"):
        constraints.get("max_nrom")


def test_the_examples_run():
    assert doctest.testmod(constraints).failed == 0
