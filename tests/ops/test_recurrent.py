"""The loop over time for any step."""

import jax.numpy as jnp
import pytest

from jaxnn.ops.recurrent import rnn


def add(x, states):
    return x + states[0], [x + states[0]]


def test_a_loop_adds_up_its_inputs():
    x = jnp.arange(6.0).reshape(2, 3, 1)
    last, outputs, states = rnn(add, x, [jnp.zeros((2, 1))])
    assert outputs[..., 0].tolist() == [[0, 1, 3], [3, 7, 12]]
    assert last[:, 0].tolist() == states[0][:, 0].tolist() == [3, 12]
    assert rnn(add, x, [jnp.zeros((2, 1))], return_sequences=False)[1] is None


def test_backwards_the_last_step_comes_first():
    x = jnp.arange(3.0).reshape(1, 3, 1)
    last, outputs, _ = rnn(add, x, [jnp.zeros((1, 1))], go_backwards=True)
    assert outputs[0, :, 0].tolist() == [2, 3, 3]
    assert last.item() == 3


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [5, 6, 6, 8]),
        ({"zero_output_for_mask": True}, [0, 6, 0, 8]),
        ({"unroll": True}, [0, 6, 6, 8]),  # the output before, not the state: Keras's
        ({"unroll": True, "zero_output_for_mask": True}, [0, 6, 6, 8]),
    ],
)
def test_a_masked_step_keeps_the_states(options, expected):
    x = jnp.array([9.0, 1.0, 9.0, 2.0]).reshape(1, 4, 1)
    mask = jnp.array([[False, True, False, True]])
    last, outputs, states = rnn(add, x, [jnp.full((1, 1), 5.0)], mask=mask, **options)
    assert outputs[0, :, 0].tolist() == expected
    assert last.item() == states[0].item() == 8


@pytest.mark.parametrize("unroll", [False, True])
def test_a_mask_reaches_states_of_any_rank(unroll):
    x = jnp.arange(1.0, 7).reshape(2, 3, 1, 1, 1)
    mask = jnp.array([[True, False, True], [True, True, False]])
    last, _, _ = rnn(add, x, [jnp.zeros((2, 1, 1, 1))], mask=mask, unroll=unroll)
    assert last.ravel().tolist() == [1 + 3, 4 + 5]


@pytest.mark.parametrize("go_backwards", [False, True])
def test_written_out_it_gives_the_same(go_backwards):
    x = jnp.arange(6.0).reshape(2, 3, 1)
    plain, written_out = (rnn(add, x, [jnp.ones((2, 1))], go_backwards=go_backwards, unroll=u) for u in (False, True))
    for a, b in zip(plain[:2], written_out[:2], strict=True):
        assert a.tolist() == b.tolist()
