"""SimpleRNN, GRU, LSTM, their cells and RNN against Keras: configs, outputs, states, gradients, masks, seeds, histories.

The forward pass has Keras's bits. The gradients of the kernels are summed in another order (one product over all steps
where Keras adds step by step), which is worth a few float32 ulps of their largest entries.
"""

import random

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings

import jaxnn

BATCH, TIME, FEATURES, UNITS = 3, 5, 4, 2
FLAG = st.booleans()
SHARE = st.sampled_from([0.0, 0.0, 0.4, 1.0])

OF_ALL = {
    "activation": st.sampled_from(["tanh", "tanh", "relu", None]),
    "use_bias": FLAG,
    "kernel_initializer": st.sampled_from(["glorot_uniform", "he_normal"]),
    "recurrent_initializer": st.sampled_from(["orthogonal", "glorot_uniform"]),
    "bias_initializer": st.sampled_from(["zeros", "random_normal"]),
    "kernel_regularizer": st.sampled_from([None, "l2"]),
    "recurrent_regularizer": st.sampled_from([None, "l1"]),
    "bias_regularizer": st.sampled_from([None, "l2"]),
    "kernel_constraint": st.sampled_from([None, "max_norm"]),
    "recurrent_constraint": st.sampled_from([None, "non_neg"]),
    "bias_constraint": st.sampled_from([None, "unit_norm"]),
    "dropout": SHARE,
    "recurrent_dropout": SHARE,
    "seed": st.sampled_from([None, 3]),
    "dtype": st.sampled_from(["float32", "float32", "mixed_bfloat16"]),
}
OF_GATES = {
    "recurrent_activation": st.sampled_from(["sigmoid", "sigmoid", "hard_sigmoid"]),
    "implementation": st.sampled_from([1, 2, 2]),
}
OF_EACH = {
    "SimpleRNN": {},
    "GRU": {**OF_GATES, "reset_after": FLAG},
    "LSTM": {**OF_GATES, "unit_forget_bias": FLAG},
}
STATES = {"SimpleRNN": 1, "GRU": 1, "LSTM": 2}


def arguments_of(name):
    return st.fixed_dictionaries({"units": st.just(UNITS)}, optional={**OF_ALL, **OF_EACH[name]})


OF_THE_LAYER = st.fixed_dictionaries(
    {},
    optional={
        "activity_regularizer": st.sampled_from([None, "l2"]),
        "return_sequences": FLAG,
        "return_state": FLAG,
        "go_backwards": FLAG,
        "unroll": FLAG,
        "zero_output_for_mask": FLAG,
    },
)
MASKS = {
    "none": None,
    "ragged": np.arange(TIME) < np.array([[TIME], [2], [4]]),
    "holes": np.array([[1, 0, 1, 1, 0], [1, 1, 1, 0, 1], [1, 0, 0, 0, 0]], bool),
}


def inputs(dtype="float32", states=2):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, TIME, FEATURES))
    return jnp.asarray(x, dtype), [jnp.asarray(rng.normal(size=(BATCH, UNITS)), dtype) for _ in range(states)]


def pair(name, kwargs):
    """Our object and Keras's, built from the same seeds."""
    made = []
    for k in (jaxnn, keras):
        random.seed(5)
        layer = getattr(k.layers, name)(**kwargs, name="layer")
        layer.build((BATCH, FEATURES) if name.endswith("Cell") else (BATCH, TIME, FEATURES))
        made.append(layer)
    return made


def run(layer, x, states, training, **extra):
    """Outputs, new state and losses of one pass, and the gradients by weights, inputs and states."""
    trainable = [v.value for v in layer.trainable_variables]
    rest = [v.value for v in layer.non_trainable_variables]

    def loss(trainable, x, states):
        extra.update({} if states is None else {"initial_state": list(states)})
        y, moved, losses = layer.stateless_call(trainable, rest, x, training=training, return_losses=True, **extra)
        weights = np.random.default_rng(1)
        total = sum(jnp.sum(a.astype("float32") * weights.normal(size=a.shape)) for a in jax.tree.leaves(y))
        return total + sum(losses, 0.0), (y, moved, losses)

    which = (0, 1) if states is None else (0, 1, 2)
    (_, aux), grads = jax.jit(jax.value_and_grad(loss, argnums=which, has_aux=True))(trainable, x, states)
    return aux, grads


def assert_equal(ours, theirs, context, **tolerance):
    ours, theirs = jax.tree.leaves(ours), jax.tree.leaves(theirs)
    assert len(ours) == len(theirs), context
    for a, b in zip(ours, theirs, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype), context
        np.testing.assert_allclose(
            np.asarray(a, "float32"), np.asarray(b, "float32"), **{"rtol": 0, "atol": 0, **tolerance}, err_msg=context
        )


def cases(name):
    return given(st.tuples(arguments_of(name), OF_THE_LAYER, st.sampled_from(sorted(MASKS)), FLAG, FLAG))


DRAWN = {"derandomize": True, "deadline": None}


@cases("SimpleRNN")
@settings(max_examples=3, **DRAWN)
def test_a_simple_rnn_is_keras_simple_rnn(case):
    compare("SimpleRNN", *case)


@cases("GRU")
@settings(max_examples=4, **DRAWN)
def test_a_gru_is_keras_gru(case):
    compare("GRU", *case)


@cases("LSTM")
@settings(max_examples=3, **DRAWN)
def test_an_lstm_is_keras_lstm(case):
    compare("LSTM", *case)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(STATES))
def test_they_are_for_many_arguments(name):
    settings(max_examples=50, **DRAWN)(cases(name)(lambda case: compare(name, *case)))()


def values_of(layer):
    return [v.value for v in layer.trainable_variables], [v.value for v in layer.non_trainable_variables]


def compare(name, arguments, of_the_layer, mask, training, given_states):
    kwargs = {**arguments, **of_the_layer}
    if kwargs.get("implementation") == 1 and kwargs.get("dropout") and not kwargs.get("recurrent_dropout"):
        kwargs["dropout"] = 0.0  # Keras itself fails: its fused path takes the masks of all gates for one
    if name == "GRU" and kwargs.get("dropout") == 1:
        kwargs["dropout"] = 0.4  # Keras drops everything or nothing, depending on the path that it takes
    if name == "SimpleRNN" and kwargs.get("activity_regularizer"):
        kwargs["activity_regularizer"] = None  # Keras forgets it
    if name == "GRU" and kwargs.get("dtype") == "mixed_bfloat16":
        kwargs["use_bias"] = True  # without, Keras adds zeros in single precision
    context = str((name, kwargs, mask, training, given_states))
    ours, theirs = pair(name, kwargs)
    assert ours.get_config() == theirs.get_config(), context
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights], context
    # the host's normal numbers are within 4 ulp of XLA's
    assert_equal(ours.get_weights(), theirs.get_weights(), context, rtol=1e-6, atol=1e-7)
    theirs.set_weights(ours.get_weights())
    assert ours.compute_output_shape((None, 5, 4)) == theirs.compute_output_shape((None, 5, 4)), context

    x, states = inputs(ours.compute_dtype, STATES[name])
    extra = {} if mask == "none" else {"mask": jnp.asarray(MASKS[mask])}
    results = [run(k, x, states if given_states else None, training, **extra) for k in (ours, theirs)]
    half = ours.compute_dtype == "bfloat16"
    assert_equal(results[0][0], results[1][0], context, rtol=1e-6, atol=1e-6 if not half else 1e-2)
    assert_equal(results[0][1], results[1][1], context, rtol=0.1 if half else 1e-5, atol=0.05 if half else 1e-5)


@pytest.mark.parametrize("name", sorted(STATES))
@given(st.data(), FLAG)
@settings(max_examples=2, **DRAWN)
def test_a_cell_is_keras_cell(name, data, training):
    kwargs = data.draw(arguments_of(name))
    if name == "SimpleRNN" or not training:
        kwargs.pop("implementation", None)
    ours, theirs = pair(f"{name}Cell", kwargs)
    assert ours.get_config() == theirs.get_config()
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    theirs.set_weights(ours.get_weights())
    x, states = inputs(ours.compute_dtype, STATES[name])
    for t in range(2):  # the second step has the masks of the first
        results = [cell(x[:, t], states, training=training) for cell in (ours, theirs)]
        tolerance = 1e-6 if ours.compute_dtype == "float32" else 1e-2
        assert_equal(*results, str(kwargs), rtol=tolerance, atol=tolerance)
    for a, b in zip(ours.get_initial_state(3), theirs.get_initial_state(3), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM", "LSTMCell"])
@pytest.mark.parametrize("kwargs", [{}, {"dropout": 0.5}, {"seed": 3}, {"kernel_initializer": "ones"}])
def test_construction_and_building_take_as_many_seeds_as_in_keras(name, kwargs):
    following = []
    for k in (jaxnn, keras):
        random.seed(5)
        getattr(k.layers, name)(2, **kwargs).build((3, 5, 4))
        following.append(random.random())
    assert following[0] == following[1]


@pytest.mark.parametrize(
    ("rates", "draws"), [((0.3, 0), 1), ((0, 0.3), 4), ((0.3, 0.3), 8), ((0, 0), 0), ((1.0, 0), 0)]
)
@pytest.mark.parametrize("training", [True, False])
def test_the_stream_of_masks_moves_as_in_keras(rates, draws, training):
    counts = []
    for k in (jaxnn, keras):
        layer = k.layers.LSTM(2, dropout=rates[0], recurrent_dropout=rates[1], seed=3)
        layer(np.ones((3, 5, 4), "float32"), training=training)
        counts.append(int(np.asarray(layer.cell.seed_generator.state.value)[1]))
    assert counts == [draws, draws]


class Leaky(keras.layers.Layer):
    state_size = 2

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 2), initializer="ones", name="w")

    def call(self, inputs, states, training=False):
        h = 0.5 * states[0] + keras.ops.matmul(inputs, self.w)
        return (2 * h if training else h), [h]


class OurLeaky(jaxnn.layers.Layer):
    state_size = 2
    build = Leaky.build

    def call(self, inputs, states, training=False):
        h = 0.5 * states[0] + jaxnn.ops.matmul(inputs, self.w)
        return (2 * h if training else h), [h]


@pytest.mark.parametrize("mask", sorted(MASKS))
@pytest.mark.parametrize("kwargs", [{"return_sequences": True, "return_state": True}, {"go_backwards": True}])
@pytest.mark.parametrize("training", [True, False])
def test_an_rnn_over_a_cell_of_ones_own_is_keras_rnn(mask, kwargs, training):
    x, _ = inputs()
    extra = {} if mask == "none" else {"mask": jnp.asarray(MASKS[mask])}
    ours = jaxnn.layers.RNN(OurLeaky(), **kwargs)(x, training=training, **extra)
    theirs = keras.layers.RNN(Leaky(), **kwargs)(x, training=training, **extra)
    assert_equal(ours, theirs, "", rtol=1e-6, atol=1e-6)  # eager or in one program: an ulp


@pytest.mark.parametrize("training", [True, False])
def test_stacked_cells_are_keras_stacked_cells(training):
    results, paths = [], []
    x, _ = inputs()
    for k in (jaxnn, keras):
        random.seed(5)
        cells = [k.layers.LSTMCell(3, dropout=0.3), k.layers.GRUCell(2, recurrent_dropout=0.3)]
        layer = k.layers.RNN(cells, return_sequences=True, return_state=True, name="layer")
        y = layer(x, training=training)
        results.append((y, [c.seed_generator.state.value for c in cells]))
        paths.append([w.path for w in layer.weights])
    assert_equal(*results, "", rtol=1e-5, atol=1e-6)  # the orthogonal weights are an ulp apart
    assert paths[0] == paths[1]


def test_configs_travel_both_ways():
    layers = jaxnn.layers
    for ours in (
        layers.LSTM(3, go_backwards=True, dropout=0.2, kernel_regularizer="l2"),
        layers.LSTMCell(3, use_bias=False),
        layers.RNN(layers.LSTMCell(3, name="inner"), return_state=True),
        layers.RNN([layers.LSTMCell(3), layers.LSTMCell(2)]),
    ):
        there = keras.layers.deserialize(layers.serialize(ours))
        assert there.get_config() == ours.get_config()
        assert layers.deserialize(keras.layers.serialize(there)).get_config() == ours.get_config()


def test_a_stateful_layer_called_again_goes_on_as_keras_does():
    x, _ = inputs()
    results = []
    for k in (jaxnn, keras):
        random.seed(5)
        layer = k.layers.LSTM(2, stateful=True, return_sequences=True)
        steps = [layer(x), layer(x)]
        layer.reset_state()
        results.append([*steps, layer(x), *[v.value for v in layer.states]])
        assert layer.count_params() == 56  # the states are no weights
    assert_equal(results[0], results[1], "", rtol=1e-5, atol=1e-6)  # the orthogonal weights are an ulp apart
