"""Orders that are drawn before their time are those that NumPy's stream would have given, and leave it as it would be."""

import jax
import numpy as np
import pytest

from jaxnn.training import orders as module
from jaxnn.training.orders import Order, Orders

SHUFFLES = [True, "batch", False]


def drawn(shuffle, foresee, between=lambda k: None):
    """Six orders, some of them foreseen, and what the stream gives afterwards."""
    np.random.seed(3)
    orders, found = Orders(70, 16, shuffle), []
    for k in range(6):
        if foresee(k):
            orders.foresee(80)
        between(k)
        order = orders.next(80)
        assert order.for_programs.shape == (80,)
        np.testing.assert_array_equal(order.for_programs[:70], order.indices)
        found.append(order.indices)
    return [*found, np.random.rand(3)]


@pytest.mark.parametrize("shuffle", SHUFFLES)
@pytest.mark.parametrize(
    "foresee", [lambda k: True, lambda k: k % 2, lambda k: k in (1, 2, 4)], ids=["all", "odd", "some"]
)
@pytest.mark.parametrize(
    "between",
    [lambda k: None, lambda k: np.random.rand() if k == 2 else None, lambda k: np.random.randn() if k > 2 else None],
    ids=["nobody draws", "somebody draws", "a pair of normal numbers is begun"],
)
def test_what_is_foreseen_is_what_comes(shuffle, foresee, between):
    for one, other in zip(drawn(shuffle, foresee, between), drawn(shuffle, lambda k: False, between), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_foreseen_order_is_the_very_one_that_comes_unless_the_stream_has_moved():
    orders = Orders(70, 16, True)
    ahead = orders.foresee(70)
    assert orders.next(70) is ahead
    ahead = orders.foresee(70)
    np.random.rand()
    assert orders.next(70) is not ahead
    orders.next(70)
    ahead = orders.foresee(70)
    assert orders.next(70) is ahead


def test_foreseeing_leaves_numpys_stream_where_it_is():
    np.random.seed(5)
    expected = np.random.rand()
    np.random.seed(5)
    Orders(70, 16, True).foresee(70)
    assert np.random.rand() == expected


class OfSomebodyElse(np.random.PCG64):
    """A bit generator that NumPy doesn't know."""


@pytest.mark.parametrize("kind", [np.random.PCG64, OfSomebodyElse])
def test_another_bit_generator_may_be_behind_numpys_stream(kind):
    before = np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(kind(1))
        orders = Orders(70, 16, True)
        expected = np.random.RandomState(kind(1)).permutation(70)
        ahead = orders.foresee(70)
        np.testing.assert_array_equal(ahead.indices, expected)
        assert orders.next(70) is ahead
    finally:
        np.random.set_bit_generator(before)


def test_many_indices_are_put_on_the_device_once(monkeypatch):
    few = Order(np.arange(70, dtype=np.int32), 80).for_programs
    assert isinstance(few, np.ndarray) == (jax.default_backend() == "cpu")
    monkeypatch.setattr(module, "_FEW", 70 * 4)
    order = Order(np.arange(70, dtype=np.int32), 80)
    assert isinstance(order.for_programs, jax.Array)
    assert order.for_programs is order.for_programs
    np.testing.assert_array_equal(order.for_programs, few)
