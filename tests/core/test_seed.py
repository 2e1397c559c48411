"""SeedGenerator: [seed, counter], decided by Python's `random`; draws by ints, generators and keys."""

import copy
import pickle
import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn.core import seed as seeds
from jaxnn.core.scope import StatelessScope
from jaxnn.core.seed import SeedGenerator, UnseededDrawError, draw_seed


def test_keys_count_up_from_the_seed():
    generator = SeedGenerator(42)
    assert [np.asarray(generator.next()).tolist() for _ in range(3)] == [[42, 0], [42, 1], [42, 2]]
    assert generator.state.numpy().tolist() == [42, 3]


def test_without_a_seed_one_is_drawn_from_pythons_stream():
    random.seed(3)
    generator = SeedGenerator()
    random.seed(3)
    assert generator.state.numpy().tolist() == [random.randint(1, 10**9), 0]
    assert generator.get_config()["seed"] is None


def test_an_unordered_step_is_keras_congruence():
    generator = SeedGenerator(5)
    first, second = generator.next(ordered=False), generator.next(ordered=False)
    assert np.asarray(first).tolist() == [5, 0]
    assert np.asarray(second).tolist() == [(5 + 1) * 5387 % 933199, 5387]


def test_what_is_no_seed_is_refused():
    with pytest.raises(ValueError, match=r"must be an integer. Received: seed=a"):
        SeedGenerator("a")
    with pytest.raises(ValueError, match=r"Unrecognized keyword arguments: {'sed': 1}"):
        SeedGenerator(1, sed=1)
    with pytest.raises(ValueError, match=r"either an integer or an instance of `SeedGenerator`. Received: seed=1.5"):
        draw_seed(1.5)


def test_the_config_makes_the_same_stream():
    generator = SeedGenerator(42, name="noise")
    generator.next()
    again = SeedGenerator.from_config(generator.get_config())
    assert (again.name, again.state.numpy().tolist()) == ("noise", [42, 0])


def test_copies_go_on_where_the_original_stood():
    generator = SeedGenerator(42)
    generator.next()
    for twin in (copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))):
        assert np.asarray(twin.next()).tolist() == [42, 1]
    assert np.asarray(generator.next()).tolist() == [42, 1]


def test_an_int_is_the_same_key_each_time_and_a_jax_key_is_taken_as_it_is(key):
    assert np.asarray(draw_seed(7)).tolist() == [7, 0]
    assert draw_seed(key) is key
    assert np.asarray(draw_seed(np.int64(7))).tolist() == [7, 0]


def test_a_scopes_key_feeds_ints_generators_and_unseeded_draws_alike(key):
    with StatelessScope(key=key):
        drawn = [draw_seed(7), draw_seed(SeedGenerator(7)), draw_seed(None)]
    expected = [jax.random.fold_in(key, i) for i in range(3)]
    for a, b in zip(drawn, expected, strict=True):
        assert a == b


def test_the_global_stream_is_born_at_its_first_use_and_forgotten_by_set_random_seed():
    jaxnn.utils.set_random_seed(11)
    a = jaxnn.random.normal((2,))
    b = jaxnn.random.normal((2,))
    jaxnn.utils.set_random_seed(11)
    np.testing.assert_array_equal(jaxnn.random.normal((2,)), a)
    assert not np.array_equal(a, b)
    seeds.reset_global_seed_generator()
    assert seeds._global is None


def test_an_unseeded_draw_while_jax_traces_is_refused():
    with pytest.raises(UnseededDrawError, match=r"would become a constant. Make a `self.seed_generator"):
        jax.jit(lambda: jaxnn.random.normal((2,)))()
    assert issubclass(UnseededDrawError, ValueError)  # as in Keras


def test_symbolic_builds_and_shape_inference_draw_nothing():
    layer = jaxnn.layers.Dropout(0.5, seed=1)
    layer(jaxnn.Input((3,)), training=True)
    jaxnn.layers.GaussianNoise(0.5, seed=1).compute_output_shape((None, 3))
    assert layer.seed_generator.state.numpy().tolist() == [1, 0]


def test_equal_seeds_give_equal_masks_layer_by_layer():
    x = jnp.ones((4, 8))
    first, second = (jaxnn.layers.Dropout(0.5, seed=9) for _ in range(2))
    for _ in range(3):
        np.testing.assert_array_equal(first(x, training=True), second(x, training=True))
