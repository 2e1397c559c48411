"""Inside a scope Variables read and write somewhere else; random draws are counted, not written."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer
from jaxnn.core.scope import StatelessScope, autocast, current_scope, in_stateless_scope, in_symbolic_scope, tracing
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.variable import Variable


@pytest.fixture
def v():
    return Variable(np.ones(2, "float32"), name="v")


def test_a_read_gives_the_value_passed_in_and_a_write_stays_inside(v):
    with StatelessScope([(v, jnp.zeros(2))]) as scope:
        np.testing.assert_array_equal(v.value, [0, 0])
        v.assign([3, 4])
        v.assign_add([1, 1])
        np.testing.assert_array_equal(v.numpy(), [4, 5])
    np.testing.assert_array_equal(scope.get_current_value(v), [4, 5])
    np.testing.assert_array_equal(v.numpy(), [1, 1])


def test_a_scope_knows_nothing_of_other_variables(v):
    with StatelessScope() as scope:
        np.testing.assert_array_equal(v.value, [1, 1])
    assert scope.get_current_value(v) is None


def test_an_inner_scope_reads_through_to_the_outer_one_and_keeps_its_writes(v):
    with StatelessScope([(v, jnp.zeros(2))]) as outer:
        with StatelessScope() as inner:
            np.testing.assert_array_equal(v.value, [0, 0])
            v.assign([9, 9])
        np.testing.assert_array_equal(v.value, [0, 0])
    np.testing.assert_array_equal(inner.get_current_value(v), [9, 9])
    np.testing.assert_array_equal(outer.get_current_value(v), [0, 0])


def test_a_scope_is_closed_by_an_exception(v):
    with pytest.raises(KeyError), StatelessScope([(v, jnp.zeros(2))]):
        raise KeyError
    assert current_scope() is None
    assert not in_stateless_scope()
    np.testing.assert_array_equal(v.value, [1, 1])


def test_values_take_the_variables_dtype():
    half = Variable(np.ones(2, "float16"))
    with StatelessScope([(half, [0.5, 2])]) as scope:
        assert half.value.dtype == "float16"
        half.assign(np.array([1.0, 2.0]))
    assert scope.get_current_value(half).dtype == "float16"


def test_what_is_no_variable_or_has_another_shape_is_refused(v):
    with pytest.raises(ValueError, match=r"must be Variable instances\. Received instead: 3"):
        StatelessScope([(3, jnp.zeros(2))])
    with pytest.raises(ValueError, match=r"For variable v of shape \(2,\), received a value of shape \(3,\)"):
        StatelessScope([(v, jnp.zeros(3))])


def test_a_variable_made_from_a_value_inside_a_scope_is_refused():
    with StatelessScope(), pytest.raises(ValueError, match="while in a stateless scope"):
        Variable(1.0)


def test_draws_count_on_from_the_value_passed_in_and_move_the_state_once():
    generator = SeedGenerator(7)
    with StatelessScope([(generator.state, jnp.array([7, 10], "uint32"))]) as scope:
        keys = [np.asarray(generator.next()).tolist() for _ in range(3)]
        assert keys == [[7, 10], [7, 11], [7, 12]]
    np.testing.assert_array_equal(scope.get_current_value(generator.state), [7, 13])
    np.testing.assert_array_equal(generator.state.numpy(), [7, 0])


def test_a_write_to_the_state_starts_the_count_anew():
    generator = SeedGenerator(7)
    with StatelessScope() as scope:
        generator.next()
        generator.state.assign([1, 5])
        assert np.asarray(generator.next()).tolist() == [1, 5]
    np.testing.assert_array_equal(scope.get_current_value(generator.state), [1, 6])


@pytest.mark.parametrize("loop", ["scan", "cond", "fori_loop"])
def test_draws_work_inside_loops_and_branches(loop):
    generator = SeedGenerator(7)

    def draw(*_):
        return jax.random.uniform(generator.next())

    def run(state):
        with StatelessScope([(generator.state, state)]) as scope:
            if loop == "scan":
                jax.lax.scan(lambda c, _: (c, draw()), 0, length=3)
            elif loop == "cond":
                jax.lax.cond(state[1] == 0, draw, lambda: 0.0)
            else:
                jax.lax.fori_loop(0, 3, draw, 0.0)
        return scope.get_current_value(generator.state)

    np.testing.assert_array_equal(jax.jit(run)(generator.state.value), [7, 1])  # drawn once, when traced


def test_a_scopes_own_key_feeds_every_draw_and_leaves_the_states_alone(key):
    first, second = SeedGenerator(1), SeedGenerator(1)
    with StatelessScope(key=key) as scope:
        keys = [first.next(), first.next(), second.next()]
    for i, drawn in enumerate(keys):
        np.testing.assert_array_equal(jax.random.key_data(drawn), jax.random.key_data(jax.random.fold_in(key, i)))
    assert scope.get_current_value(first.state) is None


def test_losses_are_collected_only_where_asked():
    class Adds(Layer):
        def call(self, x):
            self.add_loss(jnp.sum(x))
            return x

    layer = Adds()
    with StatelessScope(collect_losses=True) as scope:
        layer(jnp.ones(2))
        assert [float(loss) for loss in layer.losses] == [2.0]
    assert [float(loss) for loss in scope.losses] == [2.0]
    with StatelessScope() as scope:
        layer(jnp.ones(2))
    assert scope.losses == []


def test_autocast_reads_floats_in_another_dtype_and_lets_others_be():
    weight, count = Variable(np.ones(2, "float32")), Variable(np.ones(2, "int32"))
    fixed = Variable(np.ones(2, "float32"), autocast=False)
    with autocast("bfloat16"):
        assert [str(x.value.dtype) for x in (weight, count, fixed)] == ["bfloat16", "int32", "float32"]
        assert (weight.dtype, count.dtype, fixed.dtype) == ("bfloat16", "int32", "float32")
        with autocast(None):
            assert weight.value.dtype == "float32"
    assert weight.value.dtype == "float32"


def test_tracing_is_told_from_running():
    assert not tracing()
    assert jax.jit(lambda x: x * tracing())(1) == 1
    assert jax.vmap(lambda x: x * tracing())(jnp.ones(2)).tolist() == [0, 0]  # vmap alone traces values, not operations


def test_shapes_are_inferred_in_a_symbolic_scope():
    seen = []

    class Watching(Layer):
        def call(self, inputs):
            seen.append(in_symbolic_scope())
            return inputs

    layer = Watching()
    layer(KerasTensor((None, 2)))
    assert set(seen) == {True}
    seen.clear()
    layer(np.ones((1, 2)))
    assert seen == [False]
