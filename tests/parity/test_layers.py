"""The layers against Keras: same arguments, weights and inputs in; same config, outputs, state and gradients out.

Both run the same formula operation by operation through the same XLA, so numbers are compared bit for bit, except where
a comment says why not.
"""

import inspect
import random

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings

from jaxnn import layers
from jaxnn.core import masking

QUICK = settings(max_examples=2, derandomize=True, deadline=None)
THOROUGH = settings(max_examples=25, derandomize=True, deadline=None)
POLICIES = st.sampled_from(["float32", "float32", "float32", "mixed_bfloat16", "mixed_float16", "bfloat16"])
VECTORS = st.sampled_from([(4, 6)])
SEQUENCES = st.sampled_from([(4, 5, 6)])
IMAGES = st.sampled_from([(2, 4, 4, 6)])
ANY = st.one_of(VECTORS, SEQUENCES, IMAGES)
FLAG = st.booleans()
SHARE = st.sampled_from([0.0, 0.25, 0.5, 0.9])
SEED = st.sampled_from([None, 7])


def optional(*values):
    return st.sampled_from([None, *values])


def arguments(**strategies):
    """A strategy for keyword arguments."""
    return st.fixed_dictionaries({}, optional=strategies)


WEIGHTS = {
    "kernel_initializer": st.sampled_from(["glorot_uniform", "he_normal", "ones"]),
    "bias_initializer": st.sampled_from(["zeros", "random_normal"]),
    "kernel_regularizer": optional("l1", "l2"),
    "bias_regularizer": optional("l2"),
    "kernel_constraint": optional("non_neg", "max_norm"),
    "bias_constraint": optional("unit_norm"),
}
SCALE_AND_SHIFT = {
    "epsilon": st.sampled_from([1e-5, 1e-3, 0.1]),
    "center": FLAG,
    "scale": FLAG,
    "beta_initializer": st.sampled_from(["zeros", "random_normal"]),
    "gamma_initializer": st.sampled_from(["ones", "random_uniform"]),
    "beta_regularizer": optional("l2"),
    "gamma_regularizer": optional("l1"),
    "gamma_constraint": optional("non_neg"),
}
ACTIVATION = optional("relu", "tanh", "softmax", "sigmoid")

# layer -> (its arguments, the shape of one input or of several)
CASES = {
    "Dense": (
        arguments(
            units=st.sampled_from([1, 3]),
            activation=ACTIVATION,
            use_bias=FLAG,
            activity_regularizer=optional("l2"),
            **WEIGHTS,
        ),
        st.one_of(VECTORS, SEQUENCES),
    ),
    "Activation": (arguments(activation=st.sampled_from(["relu", "tanh", "softmax", "elu", "linear"])), ANY),
    "ReLU": (
        arguments(
            max_value=optional(0.0, 1.0, 6.0),
            negative_slope=st.sampled_from([0.0, 0.25]),
            threshold=st.sampled_from([0.0, 0.5]),
        ),
        ANY,
    ),
    "LeakyReLU": (arguments(negative_slope=st.sampled_from([0, 0.3, 2.0])), ANY),
    "ELU": (arguments(alpha=st.sampled_from([0.0, 0.5, 1.0])), ANY),
    "Softmax": (arguments(axis=st.sampled_from([-1, 1, [1], [-1], [1, 2], (1, 2)])), SEQUENCES),
    "PReLU": (
        arguments(
            alpha_initializer=st.sampled_from(["Zeros", "random_normal"]),
            alpha_regularizer=optional("l2"),
            alpha_constraint=optional("non_neg"),
            shared_axes=optional(1, [1], [1, 2]),
        ),
        SEQUENCES,
    ),
    "ActivityRegularization": (arguments(l1=st.sampled_from([0.0, 0.1]), l2=st.sampled_from([0.0, 0.1])), ANY),
    "Dropout": (arguments(rate=SHARE, noise_shape=optional((None, 1, None), [4, 5, 1]), seed=SEED), SEQUENCES),
    "SpatialDropout1D": (arguments(rate=SHARE, seed=SEED), SEQUENCES),
    "SpatialDropout2D": (
        arguments(rate=SHARE, data_format=optional("channels_first", "channels_last"), seed=SEED),
        IMAGES,
    ),
    "SpatialDropout3D": (
        arguments(rate=SHARE, data_format=optional("channels_first", "channels_last"), seed=SEED),
        st.just((2, 3, 3, 2, 4)),
    ),
    "GaussianDropout": (arguments(rate=SHARE, seed=SEED), ANY),
    "GaussianNoise": (arguments(stddev=SHARE, seed=SEED), ANY),
    "AlphaDropout": (arguments(rate=SHARE, noise_shape=optional((None, 1, None)), seed=SEED), SEQUENCES),
    "BatchNormalization": (
        arguments(
            axis=st.sampled_from([-1, 1]),
            momentum=st.sampled_from([0.9, 0.99]),
            moving_mean_initializer=st.sampled_from(["zeros", "random_normal"]),
            moving_variance_initializer=st.sampled_from(["ones", "random_uniform"]),
            renorm=FLAG,
            renorm_clipping=optional({}, {"rmin": 0.5, "rmax": 1.5, "dmax": 0.3}),
            renorm_momentum=st.sampled_from([0.9]),
            **SCALE_AND_SHIFT,
        ),
        ANY,
    ),
    "LayerNormalization": (
        arguments(axis=st.sampled_from([-1, 1, [1, 2], [-1, -2], (2,)]), **SCALE_AND_SHIFT),
        SEQUENCES,
    ),
    "GroupNormalization": (
        arguments(groups=st.sampled_from([1, 2, 3, 6, -1]), axis=st.just(-1), **SCALE_AND_SHIFT),
        ANY,
    ),
    "RMSNormalization": (
        arguments(axis=st.sampled_from([-1, [-1], [1, 2]]), epsilon=st.sampled_from([1e-6, 0.1])),
        SEQUENCES,
    ),
    "UnitNormalization": (arguments(axis=st.sampled_from([-1, 1, [1, 2], (2,)])), SEQUENCES),
    "Flatten": (arguments(data_format=optional("channels_first", "channels_last")), st.one_of(ANY, st.just((4,)))),
    "Reshape": (arguments(target_shape=st.sampled_from([(30,), (-1,), (3, -1, 2), [2, 15], (6, 5)])), SEQUENCES),
    "Permute": (arguments(dims=st.sampled_from([(1, 2), (2, 1), [2, 1]])), SEQUENCES),
    "RepeatVector": (arguments(n=st.sampled_from([1, 3])), VECTORS),
    "EinsumDense": (
        arguments(
            activation=ACTIVATION, bias_axes=optional("d", "bd"), activity_regularizer=optional("l2"), **WEIGHTS
        ).flatmap(
            lambda kwargs: st.sampled_from(
                [
                    {"equation": "abc,cd->abd", "output_shape": (None, 3)},
                    {"equation": "abc,cd->abd", "output_shape": (5, 3)},
                    {"equation": "abc,cde->abde", "output_shape": (None, 3, 2)},
                    {"equation": "...c,cd->...d", "output_shape": 3},
                    {"equation": "abc...,bd->acd...", "output_shape": (None, 3)},
                    {"equation": "ab...,bd->ad...", "output_shape": 3},
                ]
            ).map(lambda form: {**kwargs, **form, "bias_axes": kwargs.get("bias_axes") and "d"})
        ),
        SEQUENCES,
    ),
    "Masking": (arguments(mask_value=st.sampled_from([0.0, 1.0])), SEQUENCES),
    "Identity": (arguments(), ANY),
    "Add": (arguments(), st.sampled_from([[(4, 6)] * 2, [(4, 6)] * 3, [(4, 5, 6), (4, 6)], [(4, 1), (4, 6)]])),
    "Subtract": (arguments(), st.sampled_from([[(4, 6)] * 2, [(4, 5, 6), (4, 6)]])),
    "Multiply": (arguments(), st.sampled_from([[(4, 6)] * 2, [(4, 6)] * 3, [(4, 5, 6), (4, 6)]])),
    "Average": (arguments(), st.sampled_from([[(4, 6)] * 2, [(4, 6)] * 3])),
    "Maximum": (arguments(), st.sampled_from([[(4, 6)] * 2, [(4, 6)] * 3])),
    "Minimum": (arguments(), st.sampled_from([[(4, 6)] * 2, [(4, 6)] * 3])),
    "Concatenate": (arguments(axis=st.sampled_from([-1, 1, 2])), st.sampled_from([[(4, 5, 6)] * 2, [(4, 5, 6)] * 3])),
    "Dot": (
        arguments(normalize=FLAG, axes=st.sampled_from([(2, 1), [-1, 1]])),
        st.sampled_from([[(4, 5, 6), (4, 6, 3)], [(4, 5, 6), (4, 6)]]),
    ),
}
REQUIRED = {
    "Dense": {"units": 2},
    "Activation": {"activation": "relu"},
    "Dropout": {"rate": 0.5},
    "SpatialDropout1D": {"rate": 0.5},
    "SpatialDropout2D": {"rate": 0.5},
    "SpatialDropout3D": {"rate": 0.5},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "AlphaDropout": {"rate": 0.5},
    "GroupNormalization": {"groups": 3},
    "Reshape": {"target_shape": (30,)},
    "Permute": {"dims": (2, 1)},
    "RepeatVector": {"n": 2},
    "Dot": {"axes": (2, 1)},
}


def inputs_of(shapes, mask_value=0.0):
    rng = np.random.default_rng(3)

    def one(shape):
        x = rng.normal(size=shape).astype("float32")
        x.flat[:: max(x.size // 3, 2)] = mask_value
        if x.ndim == 3:
            x[1, 2:] = mask_value
        return x

    return [one(shape) for shape in shapes] if isinstance(shapes, list) else one(shapes)


def make(module, name, kwargs):
    random.seed(5)  # of the layers' own seeds
    return getattr(module.layers if module is keras else layers, name)(**kwargs)


def run(layer, x, training):
    """Outputs, new state, losses, and gradients by the weights and the inputs of one pass."""
    extra = {"training": training} if "training" in inspect.signature(layer.call).parameters else {}
    trainable = [v.value for v in layer.trainable_variables]
    rest = [v.value for v in layer.non_trainable_variables]
    x = jax.tree.map(lambda a: a.astype(layer.compute_dtype), x)

    def loss(trainable, x):
        y, new_rest, losses = layer.stateless_call(trainable, rest, x, **extra, return_losses=True)
        weight = np.random.default_rng(4).normal(size=y.shape).astype("float32")
        return jnp.sum(y.astype("float32") * weight) + sum(losses, 0.0), (y, new_rest, losses)

    (_, aux), grads = jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))(trainable, x)
    return aux, grads


def assert_equal(ours, theirs, context=None):
    ours, theirs = jax.tree.leaves(ours), jax.tree.leaves(theirs)
    assert len(ours) == len(theirs), context
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype, context
        np.testing.assert_array_equal(np.asarray(a, "float32"), np.asarray(b, "float32"), err_msg=str(context))


def compare(name, data):
    strategy, shapes = CASES[name]
    kwargs = {**REQUIRED.get(name, {}), **data.draw(strategy), "name": "layer", "dtype": data.draw(POLICIES)}
    shape = data.draw(shapes)
    training = data.draw(FLAG)
    context = (name, kwargs, shape, training)
    ours, theirs = make(layers, name, dict(kwargs)), make(keras, name, dict(kwargs))
    assert ours.get_config() == theirs.get_config(), context

    for layer in (ours, theirs):
        random.seed(6)  # copies of initializers draw new seeds when the layer is built
        layer.build(shape)
    assert ours.get_config() == theirs.get_config(), context
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights], context
    assert [w.trainable for w in ours.weights] == [w.trainable for w in theirs.weights], context
    for w, expected in zip(ours.weights, theirs.weights, strict=True):
        # the host's normal numbers are within 4 ulp of XLA's
        np.testing.assert_allclose(w.value, expected.value, rtol=1e-6, atol=1e-7, err_msg=str(context))
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.5, 1.5, size=w.shape).astype("float32") for w in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)

    for size, expected in zip(ours.compute_output_shape(shape), theirs.compute_output_shape(shape), strict=True):
        assert expected in (size, None), context  # Keras's EinsumDense leaves open what the input's shape tells
    x = inputs_of(shape, kwargs.get("mask_value", 0.0))
    assert_equal(run(ours, x, training), run(theirs, x, training), context)


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@QUICK
def test_a_layer_is_keras_layer(name, data):
    compare(name, data)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")  # 1e12 as float16, in both
@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@THOROUGH
def test_a_layer_is_keras_layer_for_many_arguments(name, data):
    compare(name, data)


@pytest.mark.parametrize(
    "kwargs",
    [{"shape": (3,)}, {"batch_shape": (2, 3)}, {"shape": (3,), "dtype": "int32", "sparse": True, "optional": True}],
)
def test_an_input_layer_is_keras_input_layer(kwargs):
    ours, theirs = layers.InputLayer(**kwargs, name="x"), keras.layers.InputLayer(**kwargs, name="x")
    assert ours.get_config() == theirs.get_config()
    assert (ours.output.shape, ours.output.dtype) == (theirs.output.shape, theirs.output.dtype)
    assert ours.output.sparse == theirs.output.sparse


def test_a_config_travels_both_ways():
    for name in CASES:
        kwargs = {
            **REQUIRED.get(name, {}),
            **({"equation": "ab,bc->ac", "output_shape": 3} if name == "EinsumDense" else {}),
        }
        ours, theirs = make(layers, name, kwargs), make(keras, name, kwargs)
        there, back = (
            keras.layers.deserialize(layers.serialize(ours)),
            layers.deserialize(keras.layers.serialize(theirs)),
        )
        assert there.get_config() == ours.get_config()
        assert back.get_config() == theirs.get_config()


@pytest.mark.parametrize("rate", [0.0, 0.5])
@pytest.mark.parametrize("name", ["Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise", "AlphaDropout"])
def test_construction_takes_as_many_seeds_as_in_keras(name, rate):
    following = []
    for module in (layers, keras):
        make(module, name, {REQUIRED_RATE.get(name, "rate"): rate})
        following.append(random.random())
    assert following[0] == following[1]


REQUIRED_RATE = {"GaussianNoise": "stddev"}


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("Dense", {"units": 3}),
        ("Dense", {"units": 3, "lora_rank": 2}),
        ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 3), "kernel_initializer": "he_normal"}),
        ("Embedding", {"input_dim": 3, "output_dim": 2}),
        ("Embedding", {"input_dim": 3, "output_dim": 2, "embeddings_initializer": "ones", "lora_rank": 1}),
        ("BatchNormalization", {"renorm": True, "moving_variance_initializer": "random_uniform"}),
        ("PReLU", {"alpha_initializer": "random_normal"}),
    ],
)
def test_building_takes_as_many_seeds_as_in_keras(name, kwargs):
    following = []
    for module in (layers, keras):
        make(module, name, kwargs).build((None, 4, 6))
        following.append(random.random())
    assert following[0] == following[1]


@given(
    mask_zero=FLAG,
    policy=POLICIES,
    regularizer=optional("l2"),
    constraint=optional("non_neg"),
    dtype=st.sampled_from(["int32", "int8", "float32"]),
    given_weights=FLAG,
)
@QUICK
def test_an_embedding_is_keras_embedding(mask_zero, policy, regularizer, constraint, dtype, given_weights):
    weights = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    kwargs = {
        "input_dim": 5,
        "output_dim": 3,
        "mask_zero": mask_zero,
        "embeddings_regularizer": regularizer,
        "embeddings_constraint": constraint,
        "weights": [weights] if given_weights else None,
        "dtype": policy,
        "name": "layer",
    }
    ours, theirs = make(layers, "Embedding", kwargs), make(keras, "Embedding", kwargs)
    assert ours.built == theirs.built == given_weights
    assert ours.get_config() == theirs.get_config()
    x = np.array([[0, 1, 4], [2, 0, 4]], dtype)
    y, expected = ours(x), theirs(x)
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    assert_equal(y, expected, kwargs)
    mask, expected_mask = masking.get_keras_mask(y), keras.src.backend.get_keras_mask(expected)
    assert (mask is None) == (expected_mask is None)
    assert mask is None or np.array_equal(mask, expected_mask)
    if dtype == "int32":
        gradient, expected_gradient = (
            jax.grad(lambda w, layer=layer: jnp.sum(layer.stateless_call([w], [], x)[0].astype("float32") ** 2))(
                layer.embeddings.value
            )
            for layer in (ours, theirs)
        )
        assert_equal(gradient, expected_gradient, kwargs)


def test_an_index_out_of_range_gives_what_it_gives_in_keras():
    kwargs = {"input_dim": 3, "output_dim": 2}
    x = np.array([[0, 3, -1]])
    np.testing.assert_array_equal(make(layers, "Embedding", kwargs)(x), make(keras, "Embedding", kwargs)(x))


@pytest.mark.parametrize("axis", [-1, [1, 2]])
def test_a_masked_softmax_is_keras(axis):
    x = inputs_of((4, 5, 6))
    mask = np.random.default_rng(0).uniform(size=(4, 5, 6)) > 0.4
    mask[0] = False
    for kind in ("bool", "float32"):
        ours = layers.Softmax(axis)(x, mask=jnp.asarray(mask, kind))
        theirs = keras.layers.Softmax(axis)(x, mask=jnp.asarray(mask, kind))
        assert_equal(ours, theirs, axis)


@pytest.mark.parametrize("renorm", [False, True])
def test_a_masked_batch_normalization_is_keras(renorm):
    x = inputs_of((4, 5, 6))
    mask = np.array([[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
    ours, theirs = (m.layers.BatchNormalization(renorm=renorm, momentum=0.5) for m in (Ours, keras))
    for _ in range(3):
        y, expected = (layer(x, training=True, mask=jnp.asarray(mask)) for layer in (ours, theirs))
        assert_equal(y, expected, renorm)
    assert_equal([v.value for v in ours.variables], [v.value for v in theirs.variables], renorm)


class Ours:
    layers = layers


def test_a_frozen_batch_normalization_is_keras():
    x = inputs_of((4, 6))
    ours, theirs = (m.layers.BatchNormalization(trainable=False) for m in (Ours, keras))
    assert_equal(ours(x, training=True), theirs(x, training=True))
    assert_equal([v.value for v in ours.variables], [v.value for v in theirs.variables])
    assert len(ours.trainable_weights) == len(theirs.trainable_weights) == 0


@pytest.mark.parametrize("masked", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"])
def test_merging_masked_tensors_is_keras(name, masked):
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=(3, 5, 2)).astype("float32") * (rng.uniform(size=(3, 5, 1)) > 0.4) for _ in range(2)]
    results = []
    for module, get_mask in ((Ours, masking.get_keras_mask), (keras, keras.src.backend.get_keras_mask)):
        hide = module.layers.Masking()
        y = getattr(module.layers, name)()([hide(x) if m else jnp.asarray(x) for x, m in zip(xs, masked, strict=True)])
        results.append((y, get_mask(y)))
    (y, mask), (expected, expected_mask) = results
    assert_equal(y, expected, name)
    assert (mask is None) == (expected_mask is None)
    assert mask is None or np.array_equal(mask, expected_mask)


def test_the_functional_forms_are_keras():
    x, y = inputs_of([(4, 5, 6), (4, 5, 6)])
    for name in ("add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate", "dot"):
        ours, theirs = getattr(layers, name)([x, y]), getattr(keras.layers, name)([x, y])
        assert_equal(ours, theirs, name)


def square(x, power=2):
    return x**power


def without_code(config):
    """A config without marshalled code, in which Python marks how often an object is referred to at the moment."""
    if not isinstance(config, dict):
        return config
    return {k: without_code(v) for k, v in config.items() if k != "code"}


@pytest.mark.parametrize(
    "kwargs",
    [
        {"function": square},
        {"function": square, "arguments": {"power": 3}},
        {"function": square, "output_shape": (3,)},
        {"function": lambda x: 2 * x},
        {"function": lambda x: 2 * x, "output_shape": lambda shape: shape},
    ],
)
def test_a_lambda_is_keras_lambda(kwargs):
    ours, theirs = (
        make(layers, "Lambda", {**kwargs, "name": "layer"}),
        make(keras, "Lambda", {**kwargs, "name": "layer"}),
    )
    assert without_code(ours.get_config()) == without_code(theirs.get_config())
    x = inputs_of((4, 3))
    assert_equal(ours(x), theirs(x), kwargs)
    assert ours.compute_output_shape((None, 3)) == theirs.compute_output_shape((None, 3))
    loaded = layers.Lambda.from_config(theirs.get_config(), safe_mode=False, custom_objects={"square": square})
    assert_equal(loaded(x), theirs(x), kwargs)
    assert without_code(loaded.get_config()) == without_code(theirs.get_config())


@pytest.mark.parametrize(
    ("name", "kwargs", "shape"),
    [
        ("Dense", {"units": 3}, (4, 6)),
        ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 3), "bias_axes": "d"}, (4, 5, 6)),
    ],
)
def test_lora_is_keras(name, kwargs, shape):
    kwargs = {**kwargs, "lora_rank": 2, "kernel_regularizer": "l2", "name": "layer"}
    ours, theirs = make(layers, name, kwargs), make(keras, name, kwargs)
    x = inputs_of(shape)
    ours(x), theirs(x)
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=w.shape).astype("float32") for w in theirs.weights]
    ours.set_weights(weights), theirs.set_weights(weights)
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    assert [w.trainable for w in ours.weights] == [w.trainable for w in theirs.weights]
    assert ours.get_config() == theirs.get_config()
    assert_equal(run(ours, x, False), run(theirs, x, False), name)
    saved, expected = {}, {}
    ours.save_own_variables(saved), theirs.save_own_variables(expected)
    assert saved.keys() == expected.keys()
    for k in saved:
        np.testing.assert_array_equal(saved[k], jnp.asarray(getattr(expected[k], "value", expected[k])))
