"""What every registered layer promises. A new layer needs a line in CASES; without one the first test fails.

Eager, compiled and symbolic calls agree; `init` and `apply` are pure, so that jit, grad, vmap, scan and checkpoint take
them; configs, copies and pickles give equal layers; half precision works; nothing of a trace stays behind.
"""

import copy
import inspect
import pickle
from typing import Any, NamedTuple

import flax.linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.core import masking, pure, registry
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer

ROUNDING = {"rtol": 1e-5, "atol": 1e-6}  # compiled as one program, sums run in another order than one by one


def double(x):
    return 2 * x


def a_matrix_and_a_count(rng, inputs):
    return {"w": jax.random.normal(rng, (inputs.shape[-1], 3))}, {"calls": jnp.zeros(())}


def noisy_product(params, state, rng, inputs, training):
    noise = jax.random.normal(rng, inputs.shape, inputs.dtype) if training else 0
    return (inputs + noise) @ params["w"], {"calls": state["calls"] + 1} if training else state


def normal_kernel(key, shape, dtype):
    return jax.random.normal(key, shape, dtype)


class PlainDense(flax.linen.Dense):
    kernel_init: Any = normal_kernel  # Flax's own can't be pickled

    def get_config(self):
        return {"features": self.features}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class OnItself:
    """Attention of a tensor to itself: one input, as the tests have it."""

    def call(self, inputs, training=None):
        return super().call(inputs, inputs, use_causal_mask=True, training=training)

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_output_spec(self, inputs, training=None):
        return KerasTensor(inputs.shape, dtype=self.compute_dtype)


class OwnMultiHeadAttention(OnItself, layers.MultiHeadAttention):
    def build(self, input_shape):
        super().build(input_shape, input_shape)


class OwnGroupQueryAttention(OnItself, layers.GroupQueryAttention):
    def build(self, input_shape):
        super().build(input_shape, input_shape)


ON_ONE_INPUT = {"MultiHeadAttention": OwnMultiHeadAttention, "GroupedQueryAttention": OwnGroupQueryAttention}


class Case(NamedTuple):
    """How a layer is made and called in the tests."""

    kwargs: dict[str, Any] = {}
    shape: Any = (4, 6)  # of one input, or a list of shapes
    integers: int = 0  # inputs are integers below this, if any


CASES = {
    "Activation": Case({"activation": "tanh"}),
    "ActivityRegularization": Case({"l1": 0.1, "l2": 0.2}),
    "AdaptiveAveragePooling1D": Case({"output_size": 3}, (4, 7, 2)),
    "AdaptiveAveragePooling2D": Case({"output_size": (3, 2)}, (4, 7, 4, 2)),
    "AdaptiveAveragePooling3D": Case({"output_size": 2, "data_format": "channels_first"}, (4, 2, 5, 4, 3)),
    "AdaptiveMaxPooling1D": Case({"output_size": 3}, (4, 7, 2)),
    "AdaptiveMaxPooling2D": Case({"output_size": (3, 2)}, (4, 7, 4, 2)),
    "AdaptiveMaxPooling3D": Case({"output_size": 2, "data_format": "channels_first"}, (4, 2, 5, 4, 3)),
    "Add": Case({}, [(4, 6), (4, 6)]),
    "AdditiveAttention": Case({"dropout": 0.5}, [(4, 3, 6), (4, 5, 6)]),
    "AlphaDropout": Case({"rate": 0.5}),
    "Attention": Case({"use_scale": True, "dropout": 0.5}, [(4, 3, 6), (4, 5, 2), (4, 5, 6)]),
    "Average": Case({}, [(4, 6), (4, 6)]),
    "AveragePooling1D": Case({"pool_size": 2, "padding": "same"}, (4, 5, 2)),
    "AveragePooling2D": Case({"pool_size": 2, "padding": "same"}, (4, 5, 4, 2)),
    "AveragePooling3D": Case({"pool_size": 2, "padding": "same"}, (4, 5, 4, 3, 2)),
    "BatchNormalization": Case({"momentum": 0.9}),
    "Bidirectional": Case({"layer": layers.GRU(3, return_sequences=True), "merge_mode": "sum"}, (4, 5, 6)),
    "CategoryEncoding": Case({"num_tokens": 5, "output_mode": "count"}, (4, 6), integers=5),
    "Concatenate": Case({"axis": 1}, [(4, 3, 2), (4, 5, 2)]),
    "Conv1D": Case({"filters": 3, "kernel_size": 3, "padding": "causal"}, (4, 6, 2)),
    "Conv1DTranspose": Case({"filters": 3, "kernel_size": 3, "strides": 2, "output_padding": 1}, (4, 4, 2)),
    "Conv2D": Case(
        {"filters": 4, "kernel_size": 3, "strides": 2, "activation": "tanh", "kernel_regularizer": "l2"}, (4, 7, 6, 2)
    ),
    "Conv2DTranspose": Case(
        {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "tanh"}, (4, 3, 4, 2)
    ),
    "Conv3D": Case({"filters": 2, "kernel_size": 2, "data_format": "channels_first"}, (4, 2, 4, 3, 3)),
    "Conv3DTranspose": Case({"filters": 2, "kernel_size": 2, "data_format": "channels_first"}, (4, 2, 2, 3, 3)),
    "ConvLSTM1D": Case({"filters": 3, "kernel_size": 2, "recurrent_dropout": 0.5}, (4, 3, 5, 2)),
    "ConvLSTM2D": Case({"filters": 2, "kernel_size": 2, "padding": "same", "return_sequences": True}, (4, 3, 3, 4, 2)),
    "ConvLSTM3D": Case({"filters": 2, "kernel_size": 2, "data_format": "channels_first"}, (4, 3, 2, 2, 3, 3)),
    "Cropping1D": Case({"cropping": (1, 2)}, (4, 6, 2)),
    "Cropping2D": Case({"cropping": ((1, 0), (0, 1))}, (4, 4, 3, 2)),
    "Cropping3D": Case({"data_format": "channels_first"}, (4, 2, 3, 4, 5)),
    "Dense": Case({"units": 3, "activation": "tanh", "kernel_regularizer": "l2", "bias_constraint": "non_neg"}),
    "DepthwiseConv1D": Case({"kernel_size": 3, "depth_multiplier": 2}, (4, 6, 2)),
    "DepthwiseConv2D": Case({"kernel_size": 3, "strides": 2, "padding": "same", "activation": "tanh"}, (4, 5, 4, 3)),
    "Discretization": Case({"bin_boundaries": [1.0, 3.0], "output_mode": "one_hot"}, (4, 6), integers=5),
    "Dot": Case({"axes": (2, 1)}, [(4, 5, 6), (4, 6, 3)]),
    "Dropout": Case({"rate": 0.5}),
    "ELU": Case({"alpha": 0.5}),
    "EinsumDense": Case({"equation": "abc,cd->abd", "output_shape": (None, 3), "bias_axes": "d"}, (4, 5, 6)),
    "Embedding": Case({"input_dim": 5, "output_dim": 3, "mask_zero": True}, (4, 6), integers=5),
    "Flatten": Case({}, (4, 5, 6)),
    "FlaxLayer": Case({"module": PlainDense(3)}),
    "GRU": Case({"units": 3, "dropout": 0.5, "reset_after": False, "kernel_regularizer": "l2"}, (4, 5, 6)),
    "GaussianDropout": Case({"rate": 0.5}),
    "GaussianNoise": Case({"stddev": 0.5}),
    "GlobalAveragePooling1D": Case({}, (4, 5, 2)),
    "GlobalAveragePooling2D": Case({}, (4, 5, 4, 2)),
    "GlobalAveragePooling3D": Case({}, (4, 5, 4, 3, 2)),
    "GlobalMaxPooling1D": Case({}, (4, 5, 2)),
    "GlobalMaxPooling2D": Case({}, (4, 5, 4, 2)),
    "GlobalMaxPooling3D": Case({}, (4, 5, 4, 3, 2)),
    "GroupNormalization": Case({"groups": 3}, (4, 5, 6)),
    "GroupedQueryAttention": Case(
        {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 2, "activity_regularizer": "l2"}, (4, 5, 6)
    ),
    "Identity": Case(),
    "JaxLayer": Case({"call_fn": noisy_product, "init_fn": a_matrix_and_a_count}),
    "LSTM": Case({"units": 3, "return_sequences": True, "dropout": 0.5, "kernel_regularizer": "l2"}, (4, 5, 6)),
    "Lambda": Case({"function": double}),
    "LayerNormalization": Case({"axis": [1, 2]}, (4, 5, 6)),
    "LeakyReLU": Case({"negative_slope": 0.2}),
    "Masking": Case({"mask_value": 0.5}, (4, 5, 6)),
    "MaxPooling1D": Case({"pool_size": 2}, (4, 5, 2)),
    "MaxPooling2D": Case({"pool_size": 2}, (4, 5, 4, 2)),
    "MaxPooling3D": Case({"pool_size": 2}, (4, 5, 4, 3, 2)),
    "Maximum": Case({}, [(4, 6), (4, 6)]),
    "Maxout": Case({"units": 3, "pieces": 4}),
    "MelSpectrogram": Case({"fft_length": 8, "sequence_stride": 4, "num_mel_bins": 3, "min_power": 1e-3}, (4, 16)),
    "Minimum": Case({}, [(4, 6), (4, 6)]),
    "MultiHeadAttention": Case({"num_heads": 2, "key_dim": 3, "dropout": 0.5, "use_gate": True}, (4, 5, 6)),
    "Multiply": Case({}, [(4, 6), (4, 6)]),
    "Normalization": Case({"axis": (1, 2)}, (4, 5, 6)),
    "PReLU": Case({"alpha_initializer": "ones", "shared_axes": [1]}, (4, 5, 6)),
    "Permute": Case({"dims": (2, 1)}, (4, 5, 6)),
    "RMSNormalization": Case(),
    "ReLU": Case({"max_value": 1.0, "negative_slope": 0.2}),
    "RepeatVector": Case({"n": 3}),
    "Rescaling": Case({"scale": 0.5, "offset": -1.0}),
    "Reshape": Case({"target_shape": (3, -1)}, (4, 6)),
    "ReversibleEmbedding": Case(
        {"input_dim": 5, "output_dim": 3, "mask_zero": True, "tie_weights": False}, (4, 6), integers=5
    ),
    "SeparableConv1D": Case({"filters": 3, "kernel_size": 3, "dilation_rate": 2}, (4, 7, 2)),
    "SeparableConv2D": Case(
        {"filters": 3, "kernel_size": 2, "depth_multiplier": 2, "depthwise_regularizer": "l2"}, (4, 4, 3, 2)
    ),
    "SimpleRNN": Case({"units": 3, "return_sequences": True, "recurrent_dropout": 0.5}, (4, 5, 6)),
    "Softmax": Case(),
    "SpatialDropout1D": Case({"rate": 0.5}, (4, 5, 6)),
    "SpatialDropout2D": Case({"rate": 0.5}, (4, 3, 3, 6)),
    "SpatialDropout3D": Case({"rate": 0.5}, (4, 2, 3, 3, 6)),
    # the gradient takes u and v as given, which is exact once they have settled: in 30 steps, from a kernel of known seed
    "SpectralNormalization": Case(
        {"layer": layers.Dense(3, kernel_initializer=jaxnn.initializers.GlorotUniform(seed=1)), "power_iterations": 30}
    ),
    "STFTSpectrogram": Case({"mode": "magnitude", "frame_length": 4, "expand_dims": True}, (4, 16, 2)),
    "Subtract": Case({}, [(4, 6), (4, 6)]),
    "TimeDistributed": Case({"layer": layers.Dense(3, activation="tanh")}, (4, 5, 6)),
    "UnitNormalization": Case(),
    "UpSampling1D": Case({"size": 3}, (4, 3, 2)),
    "UpSampling2D": Case({"size": (2, 3), "interpolation": "bilinear"}, (4, 3, 2, 2)),
    "UpSampling3D": Case({"size": 2}, (4, 2, 1, 2, 2)),
    "ZeroPadding1D": Case({"padding": (1, 0)}, (4, 3, 2)),
    "ZeroPadding2D": Case({}, (4, 3, 2, 2)),
    "ZeroPadding3D": Case({"data_format": "channels_first"}, (4, 2, 2, 1, 2)),
}
NO_CALL = {"InputLayer", "Wrapper"}  # stands for an input; a base class
NO_CALL |= {"Pipeline"}  # takes no dtype: tests/layers/test_pipeline.py
NO_CALL |= {"RNN", "StackedRNNCells"}  # need cells: tests/layers/test_recurrent.py
NO_CALL |= {"SimpleRNNCell", "GRUCell", "LSTMCell"}  # called with states: tests/layers/test_cells.py
# these give numbers of categories, whatever the dtype, partly of strings: tests/layers/preprocessing
NO_CALL |= {"Hashing", "HashedCrossing", "IntegerLookup", "StringLookup", "TextVectorization"}

every_layer = pytest.mark.parametrize("name", sorted(CASES))


def make(name, /, **kwargs):
    cls = {**registered(), **ON_ONE_INPUT}[name]
    return cls(**copy.deepcopy(CASES[name].kwargs), **kwargs)  # a layer inside is each time another one


def registered():
    found = registry.objects("layers").values()
    found = [c for c in found if isinstance(c, type) and issubclass(c, Layer)]
    own_contract = "jaxnn.layers.image."  # random from the first call on, and dictionaries: tests/layers/image
    return {c.__name__: c for c in found if not c.__module__.startswith(own_contract)}


def inputs_of(name, seed=0):
    rng = np.random.default_rng(seed)
    case = CASES[name]

    def one(shape):
        if case.integers:
            return rng.integers(0, case.integers, size=shape).astype("int32")
        return rng.normal(size=shape).astype("float32")

    return [one(s) for s in case.shape] if isinstance(case.shape, list) else one(case.shape)


def symbols_of(name, batch=None):
    def one(shape):
        return KerasTensor((batch, *shape[1:]), dtype="int32" if CASES[name].integers else "float32")

    shape = CASES[name].shape
    return [one(s) for s in shape] if isinstance(shape, list) else one(shape)


def open_shape(name):
    """The input's shape with an unknown batch."""
    shape = CASES[name].shape
    return [(None, *s[1:]) for s in shape] if isinstance(shape, list) else (None, *shape[1:])


def built(name, /, **kwargs):
    jaxnn.utils.set_random_seed(1)  # or a Maxout has its kink, now and then, where a gradient is measured
    layer = make(name, **kwargs)
    layer.build(open_shape(name))
    return layer


def ready(name):
    """A built layer with its values as `params` and `state`."""
    layer = built(name)
    return layer, *pure.take(layer)


def assert_close(a, b, **tolerances):
    a, b = jax.tree.leaves(a), jax.tree.leaves(b)
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(np.asarray(x, "float32"), np.asarray(y, "float32"), **{**ROUNDING, **tolerances})


def assert_no_tracer(x, seen=None):
    seen = set() if seen is None else seen
    if id(x) in seen:
        return
    seen.add(id(x))
    assert not isinstance(x, jax.core.Tracer)
    if isinstance(x, dict):
        x = list(x.values())
    elif hasattr(x, "__dict__") and (isinstance(x, Layer) or not callable(x)):
        x = list(vars(x).values())
    if isinstance(x, list | tuple | set):
        for item in x:
            assert_no_tracer(item, seen)


def test_every_registered_layer_is_tested():
    assert set(registered()) == set(CASES) | NO_CALL


@every_layer
def test_eager_compiled_and_symbolic_calls_agree(name):
    layer, x = make(name), inputs_of(name)
    y = layer(x)
    assert_close(jax.jit(layer)(x), y)
    spec = layer(symbols_of(name))
    assert (spec.shape[1:], spec.dtype) == (y.shape[1:], y.dtype)
    assert spec.shape[0] is None
    assert layer(symbols_of(name, batch=4)).shape == y.shape
    assert (masking.get_keras_mask(spec) is None) == (masking.get_keras_mask(y) is None)


@every_layer
def test_the_output_shape_is_told_without_a_call(name):
    layer = built(name)
    shape = CASES[name].shape
    assert tuple(layer.compute_output_shape(shape)) == layer(inputs_of(name)).shape
    assert layer.compute_output_shape(open_shape(name))[0] is None


@every_layer
def test_a_config_makes_an_equal_layer(name):
    layer = make(name)
    config = layer.get_config()
    functions = (double, noisy_product, a_matrix_and_a_count, PlainDense, *ON_ONE_INPUT.values())
    objects = {f.__name__: f for f in functions}
    with registry.CustomObjectScope(objects):
        again = type(layer).from_config(config)
        assert again.get_config() == config
        layer.build(open_shape(name))
        loaded = layers.deserialize(layers.serialize(layer))
    assert type(loaded) is type(layer)
    assert loaded.get_config() == layer.get_config()
    assert [w.shape for w in loaded.weights] == [w.shape for w in layer.weights]


@every_layer
def test_building_first_or_calling_first_is_the_same(name):
    first, second = built(name, name="same"), make(name, name="same")
    x = inputs_of(name)
    second(x)
    assert [w.path for w in first.weights] == [w.path for w in second.weights]
    second.set_weights(first.get_weights())
    assert_close(first(x), second(x), rtol=0, atol=0)


@every_layer
def test_a_frozen_layer_saves_the_same_weights(name):
    layer, frozen = built(name), built(name, trainable=False) if takes_trainable(name) else built(name)
    for part, twin in zip(layer._flatten_layers(), frozen._flatten_layers(), strict=True):
        stores = {}, {}
        part.save_own_variables(stores[0]), twin.save_own_variables(stores[1])
        assert {k: np.shape(v) for k, v in stores[0].items()} == {k: np.shape(v) for k, v in stores[1].items()}
        twin.load_own_variables(stores[0])
    assert_close(frozen.get_weights(), layer.get_weights(), rtol=0, atol=0)


def takes_trainable(name):
    return "kwargs" in inspect.signature(registered()[name]).parameters


@every_layer
def test_weights_have_keras_paths(name):
    keras = pytest.importorskip("keras")
    theirs = getattr(keras.layers, name, None)
    if theirs is None or name in ("FlaxLayer", "JaxLayer", *ON_ONE_INPUT):
        pytest.skip("not in Keras, or its variables have numbers, which hang on what was made before")
    kwargs = {key: in_keras(keras, value) for key, value in CASES[name].kwargs.items()}
    layer, expected = built(name, name="same"), theirs(**kwargs, name="same")
    expected.build(open_shape(name))
    assert [w.path for w in layer.weights] == [w.path for w in expected.weights]


def in_keras(keras, value):
    return (
        getattr(keras.layers, type(value).__name__).from_config(value.get_config())
        if isinstance(value, Layer)
        else value
    )


@every_layer
def test_init_and_apply_are_pure(name, key):
    layer, x = make(name), inputs_of(name)
    extra = {"dtype": "int32"} if CASES[name].integers else {}
    params, state = layer.init(key, open_shape(name), **extra)
    before = [np.asarray(v.value) for v in layer.variables]
    y, new_state = layer.apply(params, state, x, training=True)

    def run(key, x):
        params, state = layer.init(key)
        return params, state, layer.apply(params, state, x, training=True)

    assert_close(jax.jit(run)(key, x), (params, state, (y, new_state)))
    assert jax.tree.structure(new_state) == jax.tree.structure(state)
    assert_close([v.value for v in layer.variables], before, rtol=0, atol=0)
    assert_no_tracer(layer)


@every_layer
def test_stateless_call_is_the_eager_call(name):
    layer, x = built(name), inputs_of(name)
    trainable, rest = ([v.value for v in vs] for vs in (layer.trainable_variables, layer.non_trainable_variables))
    extra = {"training": True} if "training" in layer.call_signature_parameters else {}
    x = jax.tree.map(jnp.asarray, x)
    y, new_rest = layer.stateless_call(trainable, rest, x, **extra)
    assert_close(layer(x, **extra), y, rtol=0, atol=0)
    assert_close([v.value for v in layer.non_trainable_variables], new_rest, rtol=0, atol=0)


def loss_of(layer, state, training):
    def loss(params, x):
        y, _, losses = layer.apply(params, state, x, training=training, return_losses=True)
        return jnp.sum(jnp.sin(y.astype("float32"))) + sum(losses, 0.0)

    return loss


@every_layer
def test_gradients_are_those_of_small_steps(name):
    layer, params, state = ready(name)
    loss = loss_of(layer, state, True)
    moving, fixed = ((params,), inputs_of(name)) if CASES[name].integers else ((params, inputs_of(name)), None)

    def f(moving):
        return loss(moving[0], moving[1] if fixed is None else fixed)

    rng = np.random.default_rng(1)
    step = jax.tree.map(lambda a: rng.choice([-1.0, 1.0], size=a.shape).astype("float32"), moving)
    h = 1e-3  # float32 losses near 10 carry errors near 1e-6: 1e-3 in the quotient

    @jax.jit
    def both(moving):
        forth, back = (jax.tree.map(lambda a, b, h=h: a + h * b, moving, step) for h in (h, -h))
        told = sum(map(jnp.vdot, jax.tree.leaves(jax.grad(f)(moving)), jax.tree.leaves(step)))
        return told, (f(forth) - f(back)) / (2 * h)

    told, measured = both(moving)
    np.testing.assert_allclose(measured, told, rtol=2e-2, atol=2e-2)
    assert_no_tracer(layer)


@every_layer
def test_rematerialisation_changes_no_gradient(name):
    layer, params, state = ready(name)
    x = inputs_of(name)
    loss = loss_of(layer, state, True)
    plain, saved = jax.jit(lambda p: (jax.grad(loss)(p, x), jax.grad(jax.checkpoint(loss))(p, x)))(params)
    assert_close(plain, saved)


@every_layer
def test_members_of_an_ensemble_are_what_they_are_alone(name, key):
    layer = built(name)
    keys = jax.random.split(key, 3)
    batches = jax.tree.map(lambda *xs: np.stack(xs), *(inputs_of(name, seed) for seed in range(3)))

    def member(key_and_batch):
        params, state = layer.init(key_and_batch[0])
        return layer.apply(params, state, key_and_batch[1], training=True)

    @jax.jit
    def both(members):
        return jax.vmap(member)(members), jax.lax.map(member, members)

    assert_close(*both((keys, batches)))
    assert_no_tracer(layer)


@every_layer
def test_steps_in_a_scan_are_steps_in_a_loop(name):
    layer, params, state = ready(name)
    batches = [inputs_of(name, seed) for seed in range(3)]

    def step(state, x):
        y, state = layer.apply(params, state, x, training=True)
        return state, y

    scanned = jax.lax.scan(step, state, jax.tree.map(lambda *xs: jnp.stack(xs), *batches))
    ys = []
    for x in batches:
        state, y = step(state, x)
        ys.append(y)
    assert_close(scanned, (state, jnp.stack(ys)))
    assert_no_tracer(layer)


@every_layer
def test_a_branch_may_train_and_the_other_not(name):
    layer, params, state = ready(name)
    x = inputs_of(name)

    def run(training):
        return jax.lax.cond(
            training,
            lambda: layer.apply(params, state, x, training=True),
            lambda: layer.apply(params, state, x, training=False),
        )

    compiled = jax.jit(run)
    for training in (True, False):
        assert_close(compiled(training), layer.apply(params, state, x, training=training))


@every_layer
def test_half_precision_computes_in_half_and_stores_in_single(name):
    half, single, x = built(name, dtype="mixed_bfloat16"), built(name), inputs_of(name)
    half.set_weights(single.get_weights())
    y = half(x)
    assert y.dtype == "bfloat16"
    assert all(w.dtype in ("float32", "int32") for w in half.weights)  # a count stays a count
    assert_close(y, single(x), rtol=0.1, atol=0.1)  # eight bits of mantissa, sums of six terms
    spec = half(symbols_of(name))
    assert spec.dtype == y.dtype


@every_layer
def test_copies_are_equal_and_independent(name):
    layer, x = built(name), inputs_of(name)
    expected = layer(x)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert_close(twin(x), expected, rtol=0, atol=0)
        assert [w.path for w in twin.weights] == [w.path for w in layer.weights]
        twin.set_weights([w + 1.0 for w in twin.get_weights()])
        assert_close(layer(x), expected, rtol=0, atol=0)
