"""Cells by themselves: a step by hand, states as a list or alone, and how long a dropout mask lasts."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers

ONES = {"kernel_initializer": "ones", "recurrent_initializer": "ones"}
CELLS = ("SimpleRNNCell", "GRUCell", "LSTMCell")
every_cell = pytest.mark.parametrize("name", CELLS)


def number(x):
    return np.full((1, 1), x, "float32")


def test_a_step_of_a_simple_rnn_by_hand():
    h, states = layers.SimpleRNNCell(1, bias_initializer="ones", **ONES)(number(0.5), [number(-1.0)])
    np.testing.assert_allclose(h, np.tanh(0.5 - 1 + 1), rtol=1e-6)
    assert states[0] is h


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("implementation", [1, 2])
def test_a_step_of_a_gru_by_hand(reset_after, implementation):
    cell = layers.GRUCell(1, bias_initializer="ones", reset_after=reset_after, implementation=implementation, **ONES)
    h, _ = cell(number(2.0), [number(-0.5)])
    gate = 1 / (1 + np.exp(-(2 + 1 - 0.5 + reset_after)))  # both gates have the same sum
    new = np.tanh(2 + 1 + (gate * (-0.5 + 1) if reset_after else gate * -0.5))
    np.testing.assert_allclose(h, gate * -0.5 + (1 - gate) * new, rtol=1e-6)


@pytest.mark.parametrize("name", CELLS[:2])
def test_one_state_may_come_alone(name):
    cell = getattr(layers, name)(2)
    x, h = np.ones((3, 4), "float32"), np.ones((3, 2), "float32")
    (y, [listed]), (z, alone) = cell(x, [h]), cell(x, h)
    np.testing.assert_array_equal(y, z)
    np.testing.assert_array_equal(listed, alone)


def states_of(cell):
    return cell.get_initial_state(3)


X = np.ones((3, 40), "float32")


@every_cell
def test_a_cell_keeps_its_masks_until_they_are_reset(name):
    cell = getattr(layers, name)(2, dropout=0.5, seed=3)
    first, again = (cell(X, states_of(cell), training=True)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    cell.reset_dropout_mask()
    cell.reset_recurrent_dropout_mask()
    assert not np.allclose(cell(X, states_of(cell), training=True)[0], first)


def test_a_batch_of_another_size_has_masks_of_its_own():
    cell = layers.LSTMCell(2, dropout=0.5, seed=3)
    cell(X, states_of(cell), training=True)
    assert cell(X[:2], cell.get_initial_state(2), training=True)[0].shape == (2, 2)


def test_a_pure_call_keeps_its_masks_to_its_end_and_no_longer(key):
    class Loop(layers.Layer):
        """Calls its cell at each of three steps, the last one inside a loop of JAX's."""

        def __init__(self):
            super().__init__()
            self.cell = layers.SimpleRNNCell(40, dropout=0.5, kernel_initializer="identity", activation=None, seed=3)

        def call(self, x, training=False):
            def step(h, x):
                return h, self.cell(x, [jnp.zeros((3, 40))], training=training)[0]

            alone = [step(0, x)[1] for _ in range(2)]
            return [*alone, jax.lax.scan(step, 0, x[None])[1][0]]

    layer = Loop()
    params, state = layer.init(key, (3, 40))
    run = jax.jit(lambda state: layer.apply(params, state, X, training=True))
    (first, second, inside), state = run(state)
    np.testing.assert_array_equal(first, second)
    assert inside.shape == first.shape
    (later, *_), _ = run(state)
    assert not np.allclose(first, later)
    assert layer.cell._eager_masks is None  # nothing of what was traced


def test_copies_of_a_cell_take_its_masks_along():
    cell = layers.GRUCell(2, dropout=0.5, seed=3)
    y = cell(X, states_of(cell), training=True)[0]
    for again in (copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
        np.testing.assert_array_equal(again(X, states_of(cell), training=True)[0], y)


def test_a_rate_of_one_drops_all_inputs_of_a_simple_rnn_only():
    x = np.ones((3, 5, 4), "float32")
    assert not np.any(layers.SimpleRNN(2, dropout=1.0)(x, training=True))
    assert np.all(layers.LSTM(2, dropout=1.0)(x, training=True))


@every_cell
def test_units_must_be_positive(name):
    with pytest.raises(ValueError, match="`units` must be a positive integer; got units=0"):
        getattr(layers, name)(0)


# --- mixed precision ---------------------------------------------------------------------------------------------------


MIXED = {"dtype": "mixed_bfloat16"}
SEQUENCES = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


def purely(layer, **kwargs):
    """The output of a built layer's `stateless_call`, which leaves the layer's own inputs as they are."""
    values = [[v.value for v in vs] for vs in (layer.trainable_variables, layer.non_trainable_variables)]
    return layer.stateless_call(*values, SEQUENCES, **kwargs)[0]


@every_cell
@pytest.mark.parametrize("mask", [None, np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], bool)])
def test_a_mixed_cell_with_dropout_runs_step_by_step_in_a_pure_call(name, mask):
    layer = layers.RNN(getattr(layers, name)(4, dropout=0.5, **MIXED), **MIXED)
    layer.build(SEQUENCES.shape)
    assert purely(layer, training=True, mask=mask).dtype == "bfloat16"


@every_cell
def test_a_mixed_cell_runs_in_a_layer_of_another_dtype(name):
    layer = layers.RNN(getattr(layers, name)(4, dropout=0.5, **MIXED), return_state=True, dtype="float32")
    assert {y.dtype.name for y in layer(SEQUENCES, training=True)} == {"float32"}


@every_cell
@pytest.mark.parametrize("unroll", [False, True])
def test_a_stack_of_mixed_cells_computes_what_each_computes(name, unroll):
    first, second = (getattr(layers, name)(4, **MIXED) for _ in range(2))
    stack = layers.RNN([first, second], unroll=unroll, **MIXED)  # the stack itself takes the global dtype, as in Keras
    one_by_one = layers.RNN(second, **MIXED)(layers.RNN(first, return_sequences=True, **MIXED)(SEQUENCES))
    np.testing.assert_array_equal(stack(SEQUENCES), one_by_one)  # bfloat16 in float32 and back loses nothing
    assert stack(SEQUENCES).dtype == purely(stack).dtype == "bfloat16"


@every_cell
def test_a_mixed_cell_called_by_hand_computes_in_its_dtype_and_its_call_in_that_of_its_weights(name, key):
    """The second as in Keras, whose `stateless_call` doesn't cast either."""
    cell = getattr(layers, name)(4, **MIXED)
    cell.build((None, 3))
    states = cell.get_initial_state(2)
    params, state = cell.init(key)

    def step(states, x):
        (h, states), _ = cell.apply(params, state, x, states)
        return states, h

    _, hs = jax.lax.scan(step, states, jnp.swapaxes(SEQUENCES, 0, 1))
    assert hs.dtype == cell(SEQUENCES[:, 0], states)[0].dtype == "bfloat16"
    values = [[v.value for v in vs] for vs in (cell.trainable_variables, cell.non_trainable_variables)]
    assert cell.stateless_call(*values, SEQUENCES[:, 0], states)[0][0].dtype == "float32"
