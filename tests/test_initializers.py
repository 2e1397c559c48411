import doctest
import json
import logging
import random as python_random

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import initializers
from jaxnn.core.scope import StatelessScope
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.variable import Variable

RANDOM = [
    "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "lecun_normal", "lecun_uniform", "orthogonal",
    "random_normal", "random_uniform", "truncated_normal", "variance_scaling",
]  # fmt: skip
CONSTANT = ["zeros", "ones", "constant", "identity"]


# --- values ----------------------------------------------------------------------------------------------------------


def test_constants_are_what_they_say():
    assert initializers.Zeros()((2,)).tolist() == [0.0, 0.0]
    assert initializers.Ones()((2,), "int32").tolist() == [1, 1]
    assert initializers.Constant(2.5)((1, 2)).tolist() == [[2.5, 2.5]]
    assert initializers.Constant([1.0, 2.0])((2, 2)).tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert initializers.Identity(3.0)((2, 2)).tolist() == [[3.0, 0.0], [0.0, 3.0]]


@pytest.mark.parametrize("name", RANDOM + CONSTANT)
@pytest.mark.parametrize("dtype", [None, "float32", "bfloat16", np.float16])
def test_shape_and_dtype_are_the_ones_asked_for(name, dtype):
    values = initializers.get(name)([4, 3], dtype)

    assert values.shape == (4, 3)
    assert values.dtype == jnp.dtype(dtype or "float32")


@pytest.mark.parametrize(
    ("name", "limit"),
    [("glorot_uniform", 6 / (20 + 30)), ("he_uniform", 6 / 20), ("lecun_uniform", 3 / 20)],
)
def test_uniform_kernels_fill_their_range(name, limit):
    values = initializers.get({"class_name": name, "config": {"seed": 0}})((20, 30))

    assert np.abs(values).max() <= np.sqrt(limit)
    assert np.abs(values).max() > 0.98 * np.sqrt(limit)  # the largest of 600


@pytest.mark.parametrize(
    ("name", "variance"),
    [("glorot_normal", 2 / (200 + 300)), ("he_normal", 2 / 200), ("lecun_normal", 1 / 200)],
)
def test_normal_kernels_keep_their_variance_after_the_cut(name, variance):
    values = initializers.get({"class_name": name, "config": {"seed": 0}})((200, 300))

    assert abs(values.var() / variance - 1) < 4 * np.sqrt(2 / values.size)  # four standard errors of a variance
    assert np.abs(values).max() < 2 * np.sqrt(variance) / 0.8796


def test_an_untruncated_normal_has_tails():
    values = initializers.VarianceScaling(1.0, "fan_out", "untruncated_normal", seed=0)((50, 400))

    assert abs(values.std() * 20 - 1) < 0.02  # four standard errors: 4 / sqrt(2 * 20000)
    assert np.abs(values).max() * 20 > 3


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (3, 2, 4)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape):
    q = initializers.Orthogonal(gain=2.0, seed=1)(shape).reshape(-1, shape[-1]) / 2.0
    product = q @ q.T if q.shape[0] < q.shape[1] else q.T @ q

    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-6)  # float32 rounding over a few entries


def test_orthogonal_does_not_prefer_a_sign():
    diagonal = [initializers.Orthogonal(seed=s)((2, 2))[0, 0] for s in range(100)]

    assert 30 < np.sum(np.array(diagonal) > 0) < 70  # four standard errors of 100 fair coins


def test_stft_kernels_compute_a_fourier_transform():
    signal = np.random.default_rng(0).normal(size=16)
    real, imaginary = (initializers.STFT(side, "hann", None, True)((16, 1, 9))[:, 0] for side in ("real", "imag"))

    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(16) / 16)
    # the angles go up to 2 pi 8 and are held in float32
    np.testing.assert_allclose(signal @ real + 1j * (signal @ imaginary), np.fft.rfft(signal * window), atol=1e-4)


@pytest.mark.parametrize(("scaling", "norm"), [("density", np.sqrt(1 + 4)), ("spectrum", 1 + 2), (None, 1)])
def test_stft_windows_are_scaled(scaling, norm):
    kernel = initializers.STFT("real", [1.0, 2.0], scaling)((2, 1, 3))

    np.testing.assert_allclose(kernel[:, 0, 0], np.array([1.0, 2.0]) / norm, rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "fans"), [((), (1, 1)), ((7,), (7, 7)), ((3, 5), (3, 5)), ((3, 3, 16, 32), (144, 288))]
)
def test_fans_of_vectors_matrices_and_kernels(shape, fans):
    assert initializers.compute_fans(shape) == fans


def test_fans_along_given_axes():
    assert initializers.compute_fans((512, 8, 64), input_axes=[0], output_axes=[1, 2]) == (512, 512)
    values = initializers.HeUniform(0, [0], [1, 2])((54, 2, 5))
    assert np.sqrt(6 / 54) * 0.98 < np.abs(values).max() <= np.sqrt(6 / 54)


# --- seeds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RANDOM)
def test_a_random_initializer_draws_one_seed_when_it_is_made(name):
    python_random.seed(11)
    expected = python_random.randint(1, 10**9)
    after = python_random.getstate()

    python_random.seed(11)
    initializer = initializers.get(name)
    values = initializer((3, 3))

    assert initializer.seed == expected
    assert python_random.getstate() == after
    np.testing.assert_array_equal(values, initializer((3, 3)))


@pytest.mark.parametrize("name", [*CONSTANT, "stft"])
def test_a_constant_draws_none(name):
    before = python_random.getstate()
    initializers.get(name)

    assert python_random.getstate() == before


def test_a_seed_given_draws_none():
    before = python_random.getstate()
    initializers.GlorotUniform(seed=3).clone()

    assert python_random.getstate() == before


def test_a_clone_without_a_seed_has_its_own():
    initializer = initializers.HeNormal()

    assert initializer.clone().seed != initializer.seed
    assert initializer.get_config()["seed"] is None


def test_a_generator_gives_other_values_at_each_call():
    initializer = initializers.RandomNormal(seed=SeedGenerator(5))
    first, second = initializer((2,)), initializer((2,))

    np.testing.assert_array_equal(first, initializers.RandomNormal(seed=5)((2,)))
    assert np.all(first != second)


@pytest.mark.parametrize("name", RANDOM)
def test_a_generator_survives_its_config(name):
    config = {"class_name": name, "config": {"seed": initializers.serialize(SeedGenerator(5))}}
    initializer = initializers.get(config)

    again = initializers.deserialize(json.loads(json.dumps(initializers.serialize(initializer))))

    assert isinstance(again.seed, SeedGenerator)
    np.testing.assert_array_equal(again((2, 2)), initializer((2, 2)))


# --- under JAX -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RANDOM)
def test_drawing_compiles_nothing(name, caplog):
    jax.clear_caches()
    with jax.log_compiles(), caplog.at_level(logging.DEBUG):
        initializers.get(name)((11, 13))
        assert "Compiling" not in caplog.text

        jax.random.uniform(jax.random.PRNGKey(0), (11, 13))
        assert "Compiling" in caplog.text


def draw_all(key):
    with StatelessScope(key=key):
        return {name: initializers.get(name)((4, 3)) for name in (*RANDOM, *CONSTANT)}


def test_a_key_decides_all_values_and_may_be_traced():
    eager, traced = draw_all(jax.random.key(1)), jax.jit(draw_all)(jax.random.key(1))

    for name, values in eager.items():
        # XLA fuses the scaling into the draw, which spares one rounding; QR has its own order when it is compiled
        np.testing.assert_allclose(traced[name], values, rtol=1e-6, atol=1e-6, err_msg=name)
        other = draw_all(jax.random.key(2))[name]
        assert np.any(other != values) == (name in RANDOM)


def test_an_ensemble_starts_by_vmap():
    members = jax.vmap(draw_all)(jax.random.split(jax.random.key(0), 5))

    for name in RANDOM:
        assert members[name].shape == (5, 4, 3)
        assert len(np.unique(members[name][:, 0, 0])) == 5


def test_a_traced_generator_gives_the_eager_values():
    generator = SeedGenerator(3)
    initializer = initializers.GlorotUniform(seed=generator)

    @jax.jit
    def draw(state):
        with StatelessScope([(generator.state, state)]) as scope:
            return initializer((2, 2)), scope.get_current_value(generator.state)

    values, state = draw(generator.state.value)

    np.testing.assert_array_equal(values, initializers.GlorotUniform(seed=3)((2, 2)))
    assert state.tolist() == [3, 1]


def test_scales_and_constants_may_be_traced():
    def draw(scale):
        return initializers.RandomNormal(stddev=scale, seed=0)((3,)), initializers.Constant(scale)((3,))

    normal, constant = jax.vmap(draw)(jnp.array([1.0, 2.0]))

    np.testing.assert_allclose(normal[1], 2 * normal[0], rtol=1e-6)  # one rounding
    assert constant.tolist() == [[1.0] * 3, [2.0] * 3]


def test_large_weights_are_drawn_by_jax():
    values = initializers.RandomUniform(seed=0)((2049, 2049))

    assert isinstance(values, jax.Array)
    np.testing.assert_array_equal(values[0, :5], initializers.RandomUniform(seed=0)((5,)))


def test_a_variable_takes_an_initializer_by_name():
    assert Variable("ones", shape=(2,)).numpy().tolist() == [1.0, 1.0]
    assert Variable(initializers.Orthogonal(seed=0), shape=(2, 2), dtype="bfloat16").dtype == "bfloat16"


# --- names and configs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("zero", "Zeros"),
        ("one", "Ones"),
        ("normal", "RandomNormal"),
        ("uniform", "RandomUniform"),
        ("IdentityInitializer", "Identity"),
        ("OrthogonalInitializer", "Orthogonal"),
        ("STFTInitializer", "STFT"),
        ("HeNormal", "HeNormal"),
    ],
)
def test_older_names_are_understood(name, cls):
    assert type(initializers.get(name)) is getattr(initializers, cls)


def test_get_takes_classes_functions_and_none():
    def halves(shape, dtype=None):
        return np.full(shape, 0.5, dtype)

    assert initializers.get(None) is None
    assert initializers.get(halves) is halves
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)


@pytest.mark.parametrize("as_array", [np.asarray, jnp.asarray])
def test_get_takes_the_values_themselves(as_array):
    given = as_array([[1.0, 2.0]])
    initializer = initializers.get(given)
    values = initializer((1, 2))

    assert values.tolist() == [[1.0, 2.0]]
    assert values.dtype == np.float32
    assert values is not given or isinstance(given, jax.Array)
    with pytest.raises(ValueError, match=r"Expected `shape` to be \(1, 2\).*Received shape=\(2,\)"):
        initializer((2,))


@pytest.mark.parametrize("name", [*RANDOM, *CONSTANT, "stft"])
def test_configs_survive_json(name):
    python_random.seed(0)
    initializer = initializers.get(name)

    again = initializers.deserialize(json.loads(json.dumps(initializers.serialize(initializer))))

    assert type(again) is type(initializer)
    assert again.get_config() == initializer.get_config()


def test_a_gain_survives():
    assert initializers.Identity(2.0).clone().gain == 2.0
    assert initializers.Orthogonal(2.0).clone().gain == 2.0


def test_star_import_brings_no_foreign_names():
    names = {}
    exec("from jaxnn.initializers import *", names)

    assert "GlorotUniform" in names
    assert not {"random", "np", "jax", "math"} & set(names)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.get("glorot_unifrom"), "glorot_unifrom.*Did you mean 'glorot_uniform'"),
        (lambda: initializers.get(3), "Could not interpret initializer identifier: 3"),
        (lambda: initializers.HeNormal(seed="a"), "`seed` argument should be .* Received: seed=a"),
        (lambda: initializers.VarianceScaling(-1.0), "`scale` must be positive float. Received: scale=-1.0"),
        (lambda: initializers.VarianceScaling(mode="fan"), "Invalid `mode` argument: fan. Please use 'fan_in'"),
        (lambda: initializers.VarianceScaling(distribution="x"), "Invalid `distribution` argument: x. Please use"),
        (lambda: initializers.Identity()((2, 2, 2)), r"2D matrices. Received: shape=\(2, 2, 2\) of rank 3"),
        (lambda: initializers.Orthogonal()((2,)), r"at least two-dimensional. Received: shape=\(2,\) of rank 1"),
        (lambda: initializers.STFT("left"), "`side` should be 'real' or 'imag'; got 'left'"),
        (lambda: initializers.STFT(scaling="l2"), "`scaling` is invalid.*got 'l2'"),
        (lambda: initializers.STFT(window="unknown"), "unknown|Unknown"),
        (lambda: initializers.STFT(window=[1.0])((2, 1, 3)), r"window shape=\(1,\), frame_length=2"),
    ],
)
def test_mistakes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_base_class_wants_a_call():
    with pytest.raises(NotImplementedError, match="__call__"):
        initializers.Initializer()((2,))


def test_the_examples_run():
    assert doctest.testmod(initializers).failed == 0


def test_orthogonal_members_are_drawn_one_by_one():
    """Many at once have waited for ever on two cores."""

    def draw(key):
        with StatelessScope(key=key):
            return [initializers.Orthogonal()((16, 8)) for _ in range(6)]

    keys = jax.random.split(jax.random.key(0), 8)
    together = jax.jit(jax.vmap(draw))(keys)
    for a, b in zip(together, draw(keys[3]), strict=True):
        np.testing.assert_allclose(a[3], b, atol=1e-6)
    assert "scan" in str(jax.make_jaxpr(jax.vmap(draw))(keys))
