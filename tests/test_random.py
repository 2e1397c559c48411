import doctest
import random as python_random

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import random
from jaxnn.core.scope import StatelessScope
from jaxnn.core.seed import reset_global_seed_generator
from jaxnn.core.variable import Variable

DRAWS = {
    "normal": lambda seed: random.normal((3,), seed=seed),
    "truncated_normal": lambda seed: random.truncated_normal((3,), seed=seed),
    "uniform": lambda seed: random.uniform((3,), seed=seed),
    "randint": lambda seed: random.randint((3,), 0, 1000, seed=seed),
    "categorical": lambda seed: random.categorical(jnp.zeros((2, 50)), 3, seed=seed),
    "dropout": lambda seed: random.dropout(jnp.ones(40), 0.5, seed=seed),
    "shuffle": lambda seed: random.shuffle(jnp.arange(20), seed=seed),
    "gamma": lambda seed: random.gamma((3,), 2.0, seed=seed),
    "beta": lambda seed: random.beta((3,), 2.0, 3.0, seed=seed),
    "binomial": lambda seed: random.binomial((3,), 1000.0, 0.5, seed=seed),
}


@pytest.mark.parametrize("name", DRAWS)
def test_an_int_repeats_itself_and_a_generator_moves_on(name):
    draw, generator = DRAWS[name], random.SeedGenerator(4)
    first, second = draw(generator), draw(generator)

    np.testing.assert_array_equal(first, draw(4))
    np.testing.assert_array_equal(draw(4), draw(4))
    assert np.any(np.asarray(first) != np.asarray(second))


def test_jit_gives_the_numbers_of_the_eager_call():
    draw = DRAWS["normal"]
    # XLA fuses the scaling into the draw, which spares one rounding
    np.testing.assert_allclose(jax.jit(draw)(jax.random.PRNGKey(1)), draw(jax.random.PRNGKey(1)), rtol=1e-6)


def test_a_scope_with_a_key_rules_over_all_seeds():
    def draws(key):
        with StatelessScope(key=key):
            return random.uniform((2,), seed=1), random.uniform((2,), seed=1), random.uniform((2,))

    first, again = draws(jax.random.key(0)), draws(jax.random.key(0))
    other = draws(jax.random.key(1))

    np.testing.assert_array_equal(first, again)
    assert len({float(x[0]) for x in (*first, *other)}) == 6


def test_the_unseeded_stream_starts_with_pythons_random():
    streams = []
    for _ in range(2):
        python_random.seed(3)
        reset_global_seed_generator()
        streams.append([random.uniform((2,)).tolist() for _ in range(3)])

    assert streams[0] == streams[1]
    assert streams[0][0] != streams[0][1]


def test_an_unseeded_draw_inside_jit_raises():
    with pytest.raises(ValueError, match="seed"):
        jax.jit(lambda: random.normal((2,)))()


def test_mean_and_stddev_move_and_scale():
    sample = random.normal((20_000,), mean=3.0, stddev=0.5, seed=0)

    assert abs(float(sample.mean()) - 3.0) < 4 * 0.5 / np.sqrt(20_000)  # four standard errors
    assert abs(float(sample.std()) - 0.5) < 4 * 0.5 / np.sqrt(40_000)


def test_truncated_numbers_stay_within_two_deviations():
    sample = np.asarray(random.truncated_normal((5000,), mean=1.0, stddev=0.5, seed=0))

    assert sample.min() > 0.0
    assert sample.max() < 2.0


def test_dtypes_are_kept():
    assert random.normal((2,), dtype="bfloat16", seed=0).dtype == jnp.bfloat16
    assert random.uniform((2,), dtype=np.float16, seed=0).dtype == np.float16
    assert random.randint((2,), 0, 9, dtype="uint8", seed=0).dtype == np.uint8
    assert random.categorical(jnp.zeros((2, 3)), 4, dtype="int8", seed=0).dtype == np.int8
    assert random.gamma((2,), 2.0, dtype="float16", seed=0).dtype == np.float16


def test_dropout_keeps_the_mean():
    x = jnp.full((400, 100), 3.0)
    dropped = np.asarray(random.dropout(x, 0.25, seed=0))

    assert set(np.unique(dropped)) == {np.float32(0), np.float32(3 / 0.75)}
    assert abs(dropped.mean() - 3.0) < 4 * 3.0 * np.sqrt(0.25 / 0.75 / x.size)  # four standard errors


def test_dropout_at_the_ends_needs_no_draw():
    x, generator = jnp.ones(5), random.SeedGenerator(1)

    np.testing.assert_array_equal(random.dropout(x, 0, seed=generator), x)
    np.testing.assert_array_equal(random.dropout(x, 1.0, seed=generator), jnp.zeros(5))
    assert generator.state.numpy().tolist() == [1, 0]


def test_a_noise_shape_drops_whole_lines():
    dropped = np.asarray(random.dropout(np.ones((4, 6, 8), np.float32), 0.5, noise_shape=[None, 1, None], seed=0))

    np.testing.assert_array_equal(dropped, np.broadcast_to(dropped[:, :1], dropped.shape))
    assert len(np.unique(dropped[0, 0])) == 2


def test_the_gradient_of_dropout_is_its_mask():
    x = jnp.arange(1.0, 9.0)
    mask = jax.grad(lambda x: random.dropout(x, 0.5, seed=2).sum())(x)

    np.testing.assert_array_equal(x * mask, random.dropout(x, 0.5, seed=2))


def test_shuffle_keeps_each_lines_entries():
    x = np.arange(40).reshape(8, 5)
    shuffled = np.asarray(random.shuffle(x, axis=1, seed=0))

    np.testing.assert_array_equal(np.sort(shuffled, axis=1), x)
    assert np.any(np.diff(shuffled - shuffled[:, :1], axis=0))  # lines are shuffled apart


def test_categorical_follows_the_probabilities():
    draws = np.asarray(random.categorical(np.log([[0.2, 0.8]]), 10_000, seed=0))

    assert abs(draws.mean() - 0.8) < 4 * np.sqrt(0.2 * 0.8 / 10_000)  # four standard errors


def test_variables_and_lists_are_arrays_too():
    x = Variable(np.ones(3, np.float32))

    assert random.dropout(x, 0.5, seed=0).shape == (3,)
    assert random.binomial([2, 2], [10.0, 20.0], [[0.5], [0.1]], seed=0).shape == (2, 2)
    assert random.gamma([2], [1.0, 2.0], seed=0).shape == (2,)


def test_wrong_dtypes_and_ranks_are_named():
    with pytest.raises(ValueError, match=r"`keras.random.uniform` requires a floating point `dtype`.*int64"):
        random.uniform((2,), dtype="int64")
    with pytest.raises(ValueError, match=r"`keras.random.randint` requires an integer `dtype`.*float64"):
        random.randint((2,), 0, 3, dtype="float64")
    with pytest.raises(ValueError, match=r"2-D tensor.*\(5,\)"):
        random.categorical(np.ones(5), 2)
    with pytest.raises(ValueError, match="integer or an instance of `SeedGenerator`"):
        random.normal((2,), seed="three")


def test_the_examples_run():
    assert doctest.testmod(random).failed == 0
