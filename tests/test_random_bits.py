import doctest
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn import config, layers, random, random_bits
from jaxnn.core import config as core_config

DRAWS = {
    "bernoulli": lambda key, shape: jax.random.bernoulli(key, 0.7, shape),
    "uniform": lambda key, shape: jax.random.uniform(key, shape, minval=-0.3, maxval=0.7),
    "uniform, bfloat16": lambda key, shape: jax.random.uniform(key, shape, "bfloat16"),
    "normal": lambda key, shape: jax.random.normal(key, shape),
    "normal, float16": lambda key, shape: jax.random.normal(key, shape, "float16"),
    "truncated_normal": lambda key, shape: jax.random.truncated_normal(key, -2.0, 2.0, shape),
    "randint": lambda key, shape: jax.random.randint(key, shape, 3, 1000),
    "randint, uint8": lambda key, shape: jax.random.randint(key, shape, 3, 100, "uint8"),
    "categorical": lambda key, shape: jax.random.categorical(key, jnp.zeros((*shape, 5)), axis=-1),
    "split": lambda key, shape: jax.random.key_data(jax.random.split(key, shape)),
    "fold_in": lambda key, shape: jax.random.key_data(jax.random.fold_in(key, 7)),
    "permutation": lambda key, shape: jax.random.permutation(key, 50),
}


@pytest.fixture
def fast():
    with config.set_dropout_masks("fast"):
        yield


def raw_key(seed, counter=0):
    return jnp.array([seed, counter], jnp.uint32)


def words(seed, counter=0, shape=(4096,)):
    """The hash's words, as unsigned 64-bit integers that can be summed."""
    with config.set_dropout_masks("fast"):
        key = random_bits.for_masks(raw_key(seed, counter))
    return np.asarray(jax.random.bits(key, shape)).astype(np.uint64)


def words_of(keys):
    """A row of 64 words for each raw key."""
    with config.set_dropout_masks("fast"):
        draw = jax.vmap(lambda key: jax.random.bits(random_bits.for_masks(key), (64,)))
        return np.asarray(jax.jit(draw)(keys)).astype(np.uint64)


def bits_of(x):
    """Each word as a row of 32 zeros and ones."""
    return (x[..., None] >> np.arange(32, dtype=np.uint64)) & np.uint64(1)


# --- Keras's stream ----------------------------------------------------------------------------------------------------


def compare_with_jax(name, shape):
    draw = DRAWS[name]
    # JAX's rounds take XLA up to a second for each shape: one program for all keys
    reference = jax.jit(lambda words: draw(jax.random.wrap_key_data(words, impl="threefry2x32"), shape))
    compiled = jax.jit(lambda key: draw(random_bits.fused(key), shape))
    for key in (raw_key(42, 3), raw_key(0xFFFFFFFF, 0), jax.random.key(5)):
        typed = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
        expected = reference(jax.random.key_data(key) if typed else key)
        result = compiled(key)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result, expected)
        if shape == ():  # eagerly, too: each is one more compilation, and may round otherwise than one program
            np.testing.assert_array_equal(draw(random_bits.fused(key), shape), draw(key, shape))


@pytest.mark.parametrize("shape", [(), (0, 2), (17, 5)])
@pytest.mark.parametrize("name", DRAWS)
def test_the_written_out_rounds_give_jax_bits(name, shape):
    compare_with_jax(name, shape)


@pytest.mark.parametrize("name", ["bernoulli", "split"])
def test_positions_in_four_axes_are_counted_as_by_jax(name):
    compare_with_jax(name, (2, 3, 4, 5))


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWS)
def test_every_draw_in_four_axes_has_jax_bits(name):
    compare_with_jax(name, (2, 3, 4, 5))


def test_64_bit_draws_are_jax_too():
    code = (
        "import jax; from jaxnn.random_bits import fused; k = jax.random.key(3)\n"
        "for f in (jax.random.normal, jax.random.uniform, lambda k, s: jax.random.bernoulli(k, 0.3, s)):\n"
        "    assert (f(fused(k), (99,)) == f(k, (99,))).all()\n"
        "assert jax.random.normal(fused(k), (1,)).dtype == 'float64'"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "JAX_ENABLE_X64": "1"}, check=True)


@pytest.mark.parametrize("masks", ["keras", "fast"])
def test_eager_compiled_scanned_and_mapped_draws_are_the_same(masks):
    keys = jnp.stack([raw_key(7, n) for n in range(5)])

    def draw(key):
        return jax.random.normal(random_bits.for_masks(key), (4, 3))

    with config.set_dropout_masks(masks):
        one_by_one = np.stack([draw(key) for key in keys])
        np.testing.assert_array_equal(jax.vmap(draw)(keys), one_by_one)
        np.testing.assert_array_equal(jax.jit(jax.vmap(draw))(keys), one_by_one)
        np.testing.assert_array_equal(jax.lax.scan(lambda _, key: (None, draw(key)), None, keys)[1], one_by_one)


def test_other_generators_and_the_older_order_are_left_alone():
    for key in (jax.random.key(0, impl="rbg"), jax.random.split(jax.random.key(0), 3)):
        assert random_bits.fused(key) is key
    key = jax.random.key(0)
    with jax.threefry_partitionable(False):
        assert random_bits.fused(key) is key
    with jax.default_prng_impl("rbg"):
        assert random_bits.fused(raw_key(1)) is not None
        np.testing.assert_array_equal(random_bits.fused(raw_key(1)), raw_key(1))


def test_more_numbers_than_a_word_can_count_are_left_to_jax():
    for prepare in (random_bits.fused, random_bits.for_masks):
        bits = jax.make_jaxpr(lambda key, prepare=prepare: jax.random.bits(prepare(key), (2**16, 2**17)))(raw_key(0))
        assert bits.out_avals[0].shape == (2**16, 2**17)


# --- the hash ------------------------------------------------------------------------------------------------------------


def test_every_byte_of_the_hash_is_uniform():
    x = words(seed=1, shape=(1 << 18,))
    for byte in range(4):
        counts = np.bincount(((x >> np.uint64(8 * byte)) & np.uint64(255)).astype(int), minlength=256)
        chi_square = np.sum((counts - 1024) ** 2) / 1024
        assert 160 < chi_square < 375  # 255 degrees of freedom: mean 255, standard deviation 22.6


@pytest.mark.parametrize("lag", [1, 2, 3, 7, 8, 64, 128, 512, 4096])
def test_neighbours_in_the_hash_are_uncorrelated(lag):
    x = words(seed=2, shape=(1 << 17,)).astype(float) / 2**32 - 0.5
    correlation = np.mean(x[lag:] * x[:-lag]) * 12
    assert abs(correlation) < 5 / np.sqrt(len(x))


@pytest.mark.parametrize("other", [(3, 1), (3, 2), (4, 0), (3, 1 << 16), (2, 1), (3 + (1 << 31), 0), (0, 3)])
def test_masks_of_steps_and_seeds_are_independent(other):
    x, y = (bits_of(words(*key, shape=(1 << 14,))).astype(float) - 0.5 for key in ((3, 0), other))
    for lag in (0, 1, 512):
        matches = 4 * np.mean(x[lag:] * y[: len(y) - lag], axis=0)  # of each of the 32 bits; standard deviation 1 / 128
        assert np.max(np.abs(matches)) < 5 / 128


@pytest.mark.parametrize("bit", [0, 1, 5, 15, 31])
def test_one_changed_bit_of_seed_or_counter_changes_half_of_all_bits(bit):
    keys = np.stack([np.arange(5, 1029), np.arange(9, 2057, 2)], axis=1).astype("uint32")
    for flip in ([1 << bit, 0], [0, 1 << bit]):
        changed = bits_of(words_of(keys) ^ words_of(keys ^ np.array(flip, "uint32")))
        # at most every pair stands in here twice: 32,768 different ones, a standard deviation of 1 / 362
        assert np.max(np.abs(changed.mean(axis=(0, 1)) - 0.5)) < 5 / 362


@pytest.mark.parametrize("bit", range(6))
def test_one_changed_bit_of_the_position_changes_half_of_all_bits(bit):
    x = words_of(np.stack([np.arange(1024), np.full(1024, 3)], axis=1).astype("uint32"))
    changed = bits_of(x ^ x[:, np.arange(64) ^ (1 << bit)])
    assert np.max(np.abs(changed.mean(axis=(0, 1)) - 0.5)) < 5 / 362


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5, 0.9])
@pytest.mark.usefixtures("fast")
def test_fast_dropout_drops_its_share_in_every_row_column_and_step(rate):
    keys = jnp.stack([raw_key(11, n) for n in range(64)])
    draw = jax.jit(jax.vmap(lambda key: random.dropout(jnp.ones((128, 96)), rate, seed=key) == 0))
    dropped = np.asarray(draw(keys)).astype(float)
    for axes in ((1, 2), (0, 2), (0, 1)):
        counts = dropped.sum(axes)
        n = dropped.size / counts.size
        z = (counts - n * rate) / np.sqrt(n * rate * (1 - rate))
        assert abs(z).max() < 4.5
        assert 0.6 < z.var() < 1.5  # neither clustered nor spread too evenly: binomial


@pytest.mark.usefixtures("fast")
def test_fast_noise_is_normal():
    x = np.ones((512, 512), "float32")
    for layer, mean, deviation in (
        (layers.GaussianNoise(0.5, seed=1), 1.0, 0.5),
        (layers.GaussianDropout(0.2, seed=1), 1.0, 0.5),
    ):
        z = (np.asarray(layer(x, training=True)) - mean) / deviation
        # standard errors of the first four moments of 262,144 normal numbers: 0.002, 0.003, 0.008, 0.02
        np.testing.assert_allclose([z.mean(), z.var(), (z**3).mean()], [0, 1, 0], atol=0.03)
        np.testing.assert_allclose((z**4).mean(), 3, atol=0.08)


# --- the switch ------------------------------------------------------------------------------------------------------------


LAYERS = {
    "Dropout": lambda: layers.Dropout(0.5, seed=3),
    "SpatialDropout1D": lambda: layers.SpatialDropout1D(0.5, seed=3),
    "AlphaDropout": lambda: layers.AlphaDropout(0.5, seed=3),
    "GaussianDropout": lambda: layers.GaussianDropout(0.5, seed=3),
    "GaussianNoise": lambda: layers.GaussianNoise(0.5, seed=3),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_switch_exchanges_the_masks_and_seeds_still_repeat_them(name):
    x = np.ones((4, 5, 64), "float32")
    of_keras = LAYERS[name]()(x, training=True)
    with config.set_dropout_masks("fast"):
        layer = LAYERS[name]()
        first, second = layer(x, training=True), layer(x, training=True)
        np.testing.assert_array_equal(LAYERS[name]()(x, training=True), first)
    assert np.any(first != of_keras)
    assert np.any(first != second)
    np.testing.assert_array_equal(LAYERS[name]()(x, training=True), of_keras)


def test_only_dropout_changes():
    def draws():
        return [random.normal((3,), seed=1), random.uniform((3,), seed=1), random.randint((3,), 0, 9, seed=1)]

    of_keras = draws()
    with config.set_dropout_masks("fast"):
        for a, b in zip(draws(), of_keras, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_with_block_ends_the_setting_also_when_it_raises():
    with config.set_dropout_masks("fast"):
        with config.set_dropout_masks("keras"):
            assert config.dropout_masks() == "keras"
        assert config.dropout_masks() == "fast"
        with pytest.raises(KeyError), config.set_dropout_masks("keras"):
            raise KeyError
        assert config.dropout_masks() == "fast"
    assert config.dropout_masks() == "keras"


def test_a_wrong_name_is_refused():
    with pytest.raises(ValueError, match=r"set_dropout_masks.*'keras'.*'fast'.*quick"):
        config.set_dropout_masks("quick")


def test_the_environment_sets_it_too():
    code = "import jaxnn; print(jaxnn.config.dropout_masks())"
    env = {**os.environ, "JAXNN_DROPOUT_MASKS": "fast"}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "fast"


def network():
    jaxnn.utils.set_random_seed(1)
    model = jaxnn.Sequential([jaxnn.Input((16,)), layers.Dense(32), layers.Dropout(0.5), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_compiled_programs_follow_the_switch():
    model, x = network(), np.ones((8, 16), "float32")
    state = model.layers[1].seed_generator.state

    def output():
        state.assign(np.array([5, 0], "uint32"))
        return np.asarray(model(x, training=True))

    of_keras = output()
    with config.set_dropout_masks("fast"):
        assert np.any(output() != of_keras)
    np.testing.assert_array_equal(output(), of_keras)


def test_fit_follows_the_switch():
    x = np.random.default_rng(0).normal(size=(100, 16)).astype("float32")
    y = x[:, :1]

    def losses(model):
        jaxnn.utils.set_random_seed(2)  # the shuffles
        return model.fit(x, y, epochs=2, verbose=0).history["loss"]

    of_keras, model = losses(network()), network()
    with config.set_dropout_masks("fast"):
        fast = losses(network())
        assert fast == losses(model)
        assert fast != of_keras
    model.set_weights(network().get_weights())
    model.layers[1].seed_generator.state.assign(network().layers[1].seed_generator.state)
    model.compile("sgd", "mse")  # the first fit after it draws a shuffle more
    assert losses(model) == of_keras


def test_settings_that_traces_read_tell_programs_apart():
    before = core_config.while_tracing()
    with config.set_dropout_masks("fast"):
        assert core_config.while_tracing() != before
    assert core_config.while_tracing() == before


@pytest.mark.parametrize("module", [random_bits, core_config])
def test_examples(module):
    names = {name: getattr(module, name) for name in dir(module)} | {"jax": jax, "jnp": jnp}
    result = doctest.testmod(module, extraglobs=names)
    assert result.attempted
    assert not result.failed
