"""NaN and infinity: found in every kind of array, and told where."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import doctor, losses
from jaxnn.doctor.finite import GRADIENT_IS_NAN, all_finite
from tests.doctor.fakes import FakeModel


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "complex64"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_bad_entry_is_found(dtype, bad):
    a = np.asarray(np.ones((50, 7)), jnp.dtype(dtype))
    assert all_finite(a)
    a[33, 4] = bad
    assert not all_finite(a)
    assert not all_finite(a[::3])
    assert not all_finite(np.asfortranarray(a))
    assert all_finite(a[:33, ::2])


def test_large_numbers_are_finite_although_their_sum_overflows():
    assert all_finite(np.full(1000, 3e38, "float32"))
    assert all_finite(np.array([3e38, -3e38] * 500, "float32")[::2])


def test_large_arrays_are_looked_at_in_pieces():
    a = np.full((5000, 1000), 3e38, "float32")
    assert all_finite(a)
    a[4999, 999] = np.nan
    assert not all_finite(a)
    assert not all_finite(a.T)


def test_integers_are_finite():
    assert all_finite(np.arange(4))
    assert all_finite(np.array([True]))
    assert all_finite(np.zeros((0, 3)))


def test_the_place_is_told():
    x = np.ones((10, 4), "float32")
    x[3:5, 2] = np.nan
    model = FakeModel(lambda y_true, y_pred: y_pred)
    message = (
        r"^fit: `x` has NaN in 2 of 10 samples, first in row 3, column 2, which may make the loss NaN\. Drop these"
    )
    with pytest.warns(UserWarning, match=message):
        doctor.check_data(model, "fit", (x, np.ones((10, 1)), None))
    doctor.check_data(model, "fit", (x, np.ones((10, 1)), None))  # once a model


def test_device_arrays_are_looked_at():
    with pytest.warns(
        UserWarning, match=r"^predict: `x\['a'\]` has infinity in 1 of 3 samples, first in row 1, which makes"
    ):
        doctor.check_data(FakeModel(), "predict", ({"a": jnp.array([0.0, jnp.inf, 0.0])}, None, None))


def test_each_array_has_its_warning():
    nan = np.full((4, 2), np.nan, "float32")
    with pytest.warns(UserWarning, match="has NaN in 4 of 4 samples") as caught:
        doctor.check_data(FakeModel(lambda y_true, y_pred: y_pred), "fit", (nan, nan.copy(), nan[:, 0]))
    said = [str(w.message)[:40] for w in caught]
    assert [s.split("`")[1] for s in said] == ["x", "y", "sample_weight"]


@pytest.mark.parametrize("name", GRADIENT_IS_NAN)
def test_losses_that_are_said_to_spread_nan_from_targets_do(name):
    y_pred = jnp.full((3, 2), 0.4)
    y_true = jnp.array([[0.0, 1.0], [1.0, jnp.nan], [1.0, 0.0]])
    gradient = jax.grad(lambda p: losses.get(name)(y_true, p).sum())(y_pred)
    assert np.isnan(gradient[1]).any()


def test_targets_without_a_loss_may_be_nan():
    model = FakeModel(["mse", None], [(None, 1), (None, 1)])
    ones = np.ones((4, 1))
    doctor.check_data(model, "fit", (np.ones((4, 4)), [ones, ones * np.nan], None))
