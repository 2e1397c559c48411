"""Layers that cut, frame, stretch, pool and normalise over spatial axes against Keras: configs, values, gradients."""

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
from tests.parity.test_convolution import assert_close, pair
from tests.parity.test_layers import run

QUICK = settings(max_examples=8, derandomize=True, deadline=None)
EXACT = {"rtol": 0, "atol": 0}
SUMS = {"rtol": 1e-5, "atol": 1e-6}  # a few terms, added in another order
FORMAT = st.sampled_from([None, "channels_first", "channels_last"])
PAIR = st.tuples(st.integers(0, 2), st.integers(0, 2))
RANK = st.sampled_from([1, 2, 3])


def shape_for(data_format, rank):
    sizes = (7, 6, 5)[:rank]
    return (2, 3, *sizes) if data_format == "channels_first" else (2, *sizes, 3)


def compare(name, kwargs, shape, tolerance=EXACT, training=False):
    ours, theirs = pair(name, kwargs, shape)
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    assert_close(ours(x), theirs(x), **tolerance)
    spec = ours(layers.Input((None,) * (len(shape) - 1))) if name[:4] in ("Crop", "Zero", "UpSa") else None
    assert spec is None or spec.shape == (None,) * len(shape)
    assert_close(run(ours, x, training), run(theirs, x, training), **tolerance)


@given(data=st.data(), rank=RANK, data_format=FORMAT, kind=st.sampled_from(["Cropping", "ZeroPadding"]))
@QUICK
def test_cropping_and_padding_are_keras(data, rank, data_format, kind):
    each = st.one_of(st.integers(0, 2), PAIR)
    sides = data.draw(st.one_of(st.integers(0, 2), PAIR if rank == 1 else st.tuples(*[each] * rank)))
    kwargs = {"cropping" if kind == "Cropping" else "padding": sides}
    if (kind, rank) != ("Cropping", 1):
        kwargs["data_format"] = data_format
    compare(f"{kind}{rank}D", kwargs, shape_for(kwargs.get("data_format"), rank))


@given(
    size=st.sampled_from([1, 2, 3]),
    rank=RANK,
    data_format=FORMAT,
    interpolation=st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos3", "LANCZOS5"]),
)
@QUICK
def test_up_sampling_is_keras(size, rank, data_format, interpolation):
    kwargs = {"size": size}
    if rank > 1:
        kwargs["data_format"] = data_format
    if rank == 2:
        kwargs["interpolation"] = interpolation
    compare(f"UpSampling{rank}D", kwargs, shape_for(kwargs.get("data_format"), rank), SUMS)


def windows_of_keras(n, k):
    """Its formula in float32, where XLA multiplies by 1 / k and so is an entry off for some sizes."""
    i = jnp.arange(k + 1)
    return np.floor((i[:-1] * n) / k), np.ceil((i[1:] * n) / k)


def keras_is_exact(n, k):
    i = np.arange(k)
    starts, ends = windows_of_keras(n, k)
    return (starts == i * n // k).all() and (ends == -(-(i + 1) * n // k)).all()


FINE = {n: [k for k in range(1, 9) if keras_is_exact(n, k)] for n in (7, 6, 5)}


@given(data=st.data(), rank=RANK, data_format=FORMAT, kind=st.sampled_from(["Average", "Max"]))
@settings(QUICK, max_examples=6)
def test_adaptive_pooling_is_keras(data, rank, data_format, kind):
    size = data.draw(st.tuples(*[st.sampled_from(FINE[n]) for n in (7, 6, 5)[:rank]]))
    kwargs = {"output_size": size, "data_format": data_format}
    compare(f"Adaptive{kind}Pooling{rank}D", kwargs, shape_for(data_format, rank), SUMS)


def values_of(layer):
    return [np.asarray(w.value) for w in layer.weights]


def normalized(k, inner, iterations, shape):
    random.seed(3)
    layer = k.layers.SpectralNormalization(inner(k), power_iterations=iterations, name="norm")
    layer.build(shape)
    return layer


@pytest.mark.parametrize("iterations", [1, 3])
@pytest.mark.parametrize(
    ("inner", "shape"),
    [
        (lambda k: k.layers.Dense(4, name="in"), (5, 3)),
        (lambda k: k.layers.Conv2D(4, 2, kernel_regularizer="l2", name="in"), (2, 4, 4, 3)),
        (lambda k: k.layers.Dense(4, kernel_initializer="zeros", name="in"), (5, 3)),
    ],
    ids=["dense", "convolution", "zeros"],
)
def test_spectral_normalization_is_keras(inner, shape, iterations):
    ours, theirs = (normalized(k, inner, iterations, shape) for k in (jaxnn, keras))
    assert ours.get_config()["power_iterations"] == theirs.get_config()["power_iterations"]
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_allclose(a.value, b.value, rtol=1e-6, atol=1e-7)  # normal draws: within 4 ulp
    ours.set_weights(values_of(theirs))
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    (y, _, _), grads = run(ours, x, True)
    (expected, _, _), expected_grads = run(theirs, x, True)
    assert_close((y, grads), (expected, expected_grads), rtol=1e-4, atol=1e-5)  # a quotient by sums of products
    for training in (True, False):  # the first call changes the kernel
        np.testing.assert_allclose(ours(x, training=training), theirs(x, training=training), rtol=1e-5, atol=1e-6)
    assert_close(values_of(ours), values_of(theirs), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(
    "kwargs", [{}, {"logit_soft_cap": 0.5}, {"reverse_dtype": "float16"}, {"dtype": "mixed_bfloat16"}]
)
def test_a_reversible_embedding_is_keras(tied, kwargs):
    made = []
    for k in (jaxnn, keras):
        random.seed(4)
        layer = k.layers.ReversibleEmbedding(5, 3, tie_weights=tied, mask_zero=True, name="words", **kwargs)
        layer.build((2, 4))
        made.append(layer)
    ours, theirs = made
    assert ours.get_config() == theirs.get_config()
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    assert_close(values_of(ours), values_of(theirs), rtol=0, atol=0)
    words, hidden = np.array([[1, 0, 4, 2], [0, 0, 3, 3]]), np.random.default_rng(0).normal(size=(2, 4, 3))
    assert_close(ours(words), theirs(words), **EXACT)
    assert_close(ours(hidden, reverse=True), theirs(hidden, reverse=True), **EXACT)
    for x, reverse in ((layers.Input((None,), dtype="int32"), False), (layers.Input((None, 3)), True)):
        assert ours(x, reverse=reverse).shape == theirs.compute_output_spec(keras.KerasTensor(x.shape), reverse).shape

    def loss(layer, values):
        y, _ = layer.stateless_call(values, [], jnp.asarray(hidden, "float32"), reverse=True)
        return jnp.sum(jnp.sin(y.astype("float32")))

    grads = [jax.grad(lambda v, k=k: loss(k, v))([w.value for w in k.trainable_variables]) for k in made]
    assert_close(*grads, rtol=1e-3 if kwargs.get("reverse_dtype") else 1e-6, atol=1e-6)  # half precision has ten bits


def test_a_pipeline_is_keras():
    made = []
    for k in (jaxnn, keras):
        random.seed(4)
        k.utils.clear_session()
        inner = [k.layers.Dense(4), k.layers.Dropout(0.5, seed=2), k.layers.Dense(2)]
        made.append(k.layers.Pipeline(inner, name="line"))
    ours, theirs = made
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    assert_close(ours(x), theirs(x), rtol=1e-6, atol=1e-7)  # it trains by default
    assert_close(ours(x, training=False), theirs(x, training=False), rtol=1e-6, atol=1e-7)
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    ours_config, theirs_config = ours.get_config(), theirs.get_config()
    assert [c["config"] for c in ours_config["layers"]] == [c["config"] for c in theirs_config["layers"]]
