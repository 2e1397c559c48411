"""Convolution and pooling against Keras: layers over drawn arguments, gradients, and the history of a network."""

import random

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings

import jaxnn
from jaxnn import layers
from tests.parity.test_layers import run

QUICK = settings(max_examples=10, derandomize=True, deadline=None)
FEW = settings(QUICK, max_examples=4)
THOROUGH = settings(QUICK, max_examples=25)
# A convolution's gradients are sums over all places of a batch, added in another order than XLA's: float32's 6e-8 times
# the root of some hundred terms. Values that nobody differentiates are XLA's in both, so equal bit for bit.
SUMS = {"rtol": 1e-5, "atol": 3e-5}
HALF = {"rtol": 2e-2, "atol": 2e-2}  # eight or eleven bits, and rounding in another place


def optional(*values):
    return st.sampled_from([None, *values])


FORMS = st.sampled_from(
    [
        {},
        {"padding": "same"},
        {"strides": 2},
        {"strides": 2, "padding": "same"},
        {"dilation_rate": 2},
        {"dilation_rate": 2, "padding": "SAME"},
        {"groups": 2},
        {"groups": 2, "strides": 2},
    ]
)
CONVOLUTIONS = st.fixed_dictionaries(
    {"filters": st.sampled_from([2, 6])},
    optional={
        "data_format": optional("channels_first", "channels_last"),
        "activation": optional("relu", "tanh"),
        "use_bias": st.booleans(),
        "kernel_initializer": st.sampled_from(["glorot_uniform", "he_normal"]),
        "kernel_regularizer": optional("l2"),
        "bias_initializer": st.sampled_from(["zeros", "random_normal"]),
        "activity_regularizer": optional("l2"),
        "kernel_constraint": optional("max_norm"),
    },
)
POOLS = st.fixed_dictionaries(
    {"pool_size": st.sampled_from([1, 2, 3, 4])},
    optional={
        "strides": optional(1, 2, 3),
        "padding": st.sampled_from(["valid", "same"]),
        "data_format": optional("channels_first", "channels_last"),
    },
)
RANKS = st.sampled_from([1, 2, 3])
SIZES = (8, 7, 6)


def pair(name, kwargs, shape):
    """A layer of ours and of Keras with equal weights, and an input."""
    random.seed(5)
    ours = getattr(layers, name)(**kwargs, name="layer")
    random.seed(5)
    theirs = getattr(keras.layers, name)(**kwargs, name="layer")
    ours.build(shape), theirs.build(shape)
    assert ours.get_config() == theirs.get_config()
    for w, expected in zip(ours.weights, theirs.weights, strict=True):
        assert w.path == expected.path
        np.testing.assert_allclose(w.value, expected.value, rtol=1e-6, atol=1e-7)  # normal draws: within 4 ulp
    ours.set_weights([np.asarray(w.value) for w in theirs.weights])
    open_shape = (None, *shape[1:])
    assert ours.compute_output_shape(open_shape) == tuple(theirs.compute_output_shape(open_shape))  # a list, at times
    return ours, theirs


def shape_for(kwargs, rank, channels=4):
    sizes = SIZES[:rank]
    return (3, channels, *sizes) if kwargs.get("data_format") == "channels_first" else (3, *sizes, channels)


def assert_close(ours, theirs, **tolerance):
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(np.asarray(a, "float32"), np.asarray(b, "float32"), **tolerance)


CONVOLUTION_CASES = given(
    kwargs=CONVOLUTIONS,
    form=FORMS,
    rank=RANKS,
    window=st.sampled_from([1, 2, 3]),
    dtype=optional("mixed_bfloat16", "float16"),
)


@CONVOLUTION_CASES
@QUICK
def test_a_convolution_is_keras_convolution(kwargs, form, rank, window, dtype):
    compare_convolutions(kwargs, form, rank, window, dtype)


@pytest.mark.slow
@CONVOLUTION_CASES
@THOROUGH
def test_a_convolution_is_keras_convolution_for_many_arguments(kwargs, form, rank, window, dtype):
    compare_convolutions(kwargs, form, rank, window, dtype)


def compare_convolutions(kwargs, form, rank, window, dtype):
    kwargs = {**kwargs, **form, "kernel_size": window, "dtype": dtype or "float32"}
    compare(f"Conv{rank}D", kwargs, rank)


def compare(name, kwargs, rank, exact=True):
    """Values, losses and gradients; the values that nobody differentiates bit for bit, where they are XLA's."""
    shape = shape_for(kwargs, rank)
    ours, theirs = pair(name, kwargs, shape)
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    tolerance = SUMS if kwargs["dtype"] == "float32" else HALF
    assert_close(ours(x), theirs(x), **({"rtol": 0, "atol": 0} if exact else tolerance))
    (y, *rest), gradients = run(ours, x, False)
    (expected, *expected_rest), expected_gradients = run(theirs, x, False)
    assert_close((y, rest), (expected, expected_rest), **tolerance)
    for ours_, theirs_ in zip(jax.tree.leaves(gradients), jax.tree.leaves(expected_gradients), strict=True):
        scale = max(1.0, float(jnp.max(jnp.abs(theirs_))))
        np.testing.assert_allclose(ours_ / scale, theirs_ / scale, **tolerance)


TRANSPOSES = st.sampled_from(
    [
        {},
        {"padding": "same"},
        {"strides": 2},
        {"strides": 3, "padding": "same"},
        {"strides": 2, "output_padding": 0},
        {"strides": 2, "output_padding": 1, "padding": "same"},
        {"strides": 3, "output_padding": 2},
        {"dilation_rate": 2},
        {"dilation_rate": 2, "padding": "SAME"},
    ]
)


TRANSPOSE_CASES = given(
    kwargs=CONVOLUTIONS,
    form=TRANSPOSES,
    rank=RANKS,
    window=st.sampled_from([1, 2, 3]),
    dtype=optional("float16"),
)


@TRANSPOSE_CASES
@FEW
def test_a_transposed_convolution_is_keras(kwargs, form, rank, window, dtype):
    compare_transposes(kwargs, form, rank, window, dtype)


@pytest.mark.slow
@TRANSPOSE_CASES
@THOROUGH
def test_a_transposed_convolution_is_keras_for_many_arguments(kwargs, form, rank, window, dtype):
    compare_transposes(kwargs, form, rank, window, dtype)


def compare_transposes(kwargs, form, rank, window, dtype):
    kwargs = {**kwargs, **form, "kernel_size": window, "dtype": dtype or "float32"}
    compare(f"Conv{rank}DTranspose", kwargs, rank)


OF_CHANNELS = st.fixed_dictionaries(
    {"depth_multiplier": st.sampled_from([1, 2])},
    optional={
        "data_format": optional("channels_first", "channels_last"),
        "activation": optional("tanh"),
        "use_bias": st.booleans(),
        "depthwise_initializer": st.sampled_from(["glorot_uniform", "he_normal"]),
        "depthwise_regularizer": optional("l2"),
        "depthwise_constraint": optional("max_norm"),
        "bias_initializer": st.sampled_from(["zeros", "random_normal"]),
    },
)
PLAIN_FORMS = FORMS.filter(lambda form: "groups" not in form)


CHANNEL_CASES = given(
    kwargs=OF_CHANNELS,
    form=PLAIN_FORMS,
    kind=st.sampled_from(["Depthwise", "Separable"]),
    rank=st.sampled_from([1, 2]),
    window=st.sampled_from([1, 2, 3]),
    dtype=optional("float16"),
)


@CHANNEL_CASES
@FEW
def test_a_convolution_of_each_channel_is_keras(kwargs, form, kind, rank, window, dtype):
    compare_channels(kwargs, form, kind, rank, window, dtype)


@pytest.mark.slow
@CHANNEL_CASES
@THOROUGH
def test_a_convolution_of_each_channel_is_keras_for_many_arguments(kwargs, form, kind, rank, window, dtype):
    compare_channels(kwargs, form, kind, rank, window, dtype)


def compare_channels(kwargs, form, kind, rank, window, dtype):
    kwargs = {**kwargs, **form, "kernel_size": window, "dtype": dtype or "float32"}
    if kind == "Separable":
        kwargs = {**kwargs, "filters": 3, "pointwise_initializer": "he_uniform"}
    compare(f"{kind}Conv{rank}D", kwargs, rank, exact=False)


def test_groups_of_one_channel_are_keras():
    compare("Conv2D", {"filters": 8, "kernel_size": 3, "groups": 4, "dtype": "float32"}, 2, exact=False)


@given(kwargs=CONVOLUTIONS, dilation=st.sampled_from([1, 2]), window=st.sampled_from([1, 3]))
@QUICK
def test_a_causal_convolution_is_keras(kwargs, dilation, window):
    kwargs = {**kwargs, "kernel_size": window, "padding": "causal", "dilation_rate": dilation}
    if kwargs.get("data_format") == "channels_first":
        del kwargs["data_format"]
    shape = shape_for(kwargs, 1)
    ours, theirs = pair("Conv1D", kwargs, shape)
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    assert_close(ours(x), theirs(x), rtol=0, atol=0)


POOLING_CASES = given(
    kwargs=POOLS,
    kind=st.sampled_from(["Max", "Average"]),
    rank=RANKS,
    whole=st.booleans(),
    dtype=st.sampled_from(["float32", "float32", "mixed_bfloat16"]),
)


@POOLING_CASES
@QUICK
def test_a_pooling_is_keras_pooling(kwargs, kind, rank, whole, dtype):
    compare_poolings(kwargs, kind, rank, whole, dtype)


@pytest.mark.slow
@POOLING_CASES
@THOROUGH
def test_a_pooling_is_keras_pooling_for_many_arguments(kwargs, kind, rank, whole, dtype):
    compare_poolings(kwargs, kind, rank, whole, dtype)


def compare_poolings(kwargs, kind, rank, whole, dtype):
    kwargs = {**kwargs, "dtype": dtype}
    shape = shape_for(kwargs, rank, channels=2)
    ours, theirs = pair(f"{kind}Pooling{rank}D", kwargs, shape)
    rng = np.random.default_rng(0)
    # whole numbers from few: most windows have several largest
    x = (rng.integers(-1, 2, size=shape) if whole else rng.normal(size=shape)).astype("float32")
    assert_close(ours(x), theirs(x), rtol=0, atol=0)
    tolerance = {"rtol": 0, "atol": 0} if kind == "Max" or dtype != "float32" else {"rtol": 1e-6, "atol": 1e-6}
    if dtype != "float32":
        tolerance = HALF  # several windows' gradients are added in half precision, in another order
    assert_close(run(ours, x, False), run(theirs, x, False), **tolerance)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("window", "strides"), [(2, 2), (2, 1), (3, 2), (3, 1)])
def test_infinities_and_nans_are_pooled_as_in_keras(window, strides, padding):
    rng = np.random.default_rng(0)
    x = rng.choice([-np.inf, np.inf, np.nan, 0.0, 1.0, 1.0, -1.0], size=(4, 7, 6, 3)).astype("float32")
    for values in (x, np.where(np.isnan(x), 0.0, x), np.full_like(x, -np.inf)):
        ours, theirs = (
            jax.vjp(lambda v, k=k: k.ops.max_pool(v, window, strides, padding), jnp.asarray(values))
            for k in (jaxnn, keras)
        )
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1](jnp.ones_like(ours[0]))[0], theirs[1](jnp.ones_like(ours[0]))[0])


@pytest.mark.parametrize("kind", ["Max", "Average"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kwargs", [{}, {"keepdims": True}, {"data_format": "channels_first", "keepdims": True}])
def test_a_global_pooling_is_keras(kind, rank, kwargs):
    shape = shape_for(kwargs, rank)
    ours, theirs = pair(f"Global{kind}Pooling{rank}D", kwargs, shape)
    x = np.random.default_rng(0).integers(-2, 3, size=shape).astype("float32")
    assert_close(run(ours, x, False), run(theirs, x, False), rtol=0, atol=0)


def test_a_masked_global_average_is_keras():
    x = np.random.default_rng(0).normal(size=(3, 5, 2)).astype("float32")
    x[1, 2:] = 0
    ours, theirs = (k.layers.GlobalAveragePooling1D()(k.layers.Masking()(x)) for k in (jaxnn, keras))
    assert_close(ours, theirs, rtol=0, atol=0)


def test_other_names_are_the_same_layers():
    for name in (
        "Convolution2D",
        "Convolution3DTranspose",
        "SeparableConvolution1D",
        "MaxPool2D",
        "AvgPool1D",
        "GlobalMaxPool3D",
        "GlobalAvgPool2D",
    ):
        assert getattr(layers, name).__name__ == getattr(keras.layers, name).__name__


def network(k):
    model = k.Sequential(
        [
            k.Input((14, 14, 1)),
            k.layers.Conv2D(8, 3, activation="relu"),
            k.layers.MaxPooling2D(2),
            k.layers.Conv2D(16, 3, padding="same", activation="relu"),
            k.layers.MaxPooling2D(3, strides=2),
            k.layers.Flatten(),
            k.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(k.optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("seed", [0, 7])
def test_the_same_seed_gives_keras_history(seed):
    rng = np.random.RandomState(3)
    x = rng.randn(200, 14, 14, 1).astype("float32")
    y = np.digitize(x[:, :7].mean((1, 2, 3)) * 10, np.linspace(-1.5, 1.5, 9))
    histories = []
    for k in (keras, jaxnn):
        k.utils.clear_session()
        k.utils.set_random_seed(seed)
        histories.append(network(k).fit(x, y, epochs=5, batch_size=32, verbose=0, validation_split=0.2).history)
    theirs, ours = histories
    assert list(ours) == list(theirs)
    for name, values in theirs.items():
        # gradients in another order: a few float32 ulps a step grow to about 1e-6 in 25 steps
        tolerance = {"rtol": 4e-6} if "loss" in name else {"rtol": 0, "atol": 0}
        np.testing.assert_allclose(ours[name], values, **tolerance, err_msg=name)


def autoencoder(k):
    up, norm = k.layers.UpSampling2D(2, interpolation="bilinear"), k.layers.SpectralNormalization
    model = k.Sequential(
        [
            k.Input((8, 8, 2)),
            k.layers.SeparableConv2D(4, 3, strides=2, padding="same", activation="tanh"),
            k.layers.DepthwiseConv2D(3, padding="same"),
            norm(k.layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu")),
            k.layers.Cropping2D(2),
            up,
            k.layers.ZeroPadding2D(1),
            k.layers.Conv2D(2, 3, groups=2),
        ]
    )
    model.compile(k.optimizers.SGD(0.1), "mse")
    return model


def test_an_autoencoder_has_keras_history():
    x = np.random.RandomState(3).randn(40, 8, 8, 2).astype("float32")
    histories = []
    for k in (keras, jaxnn):
        k.utils.clear_session()
        k.utils.set_random_seed(2)
        histories.append(autoencoder(k).fit(x, x, epochs=3, batch_size=16, verbose=0).history["loss"])
    np.testing.assert_allclose(histories[1], histories[0], rtol=4e-6)  # as above
