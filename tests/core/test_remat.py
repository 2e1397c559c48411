"""remat: the same numbers, less kept; what happens inside (statistics, draws, losses, masks) happens once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import layers
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.remat import current_mode

X = np.random.default_rng(0).standard_normal((24, 6)).astype("float32")
SAME = {"rtol": 2e-6, "atol": 2e-7}  # a few ulp: XLA fuses, and so rounds, other operations together
MODES = [
    ("full", {}),
    ("activations", {}),
    ("larger_than", {"output_size_threshold": 50}),
    ("list_of_layers", {"layer_names": ["first", "statistics", "mask"]}),
]


def network(mode=None, **options):
    """A layer of each kind that does more than compute, made in a RematScope."""
    keras.utils.set_random_seed(3)
    with keras.RematScope(mode, **options):
        model = keras.Sequential(
            [
                keras.Input((6,)),
                layers.Dense(8, activation="tanh", activity_regularizer="l2", kernel_regularizer="l2", name="first"),
                layers.BatchNormalization(name="statistics"),
                layers.Dropout(0.4, name="mask"),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
    model.compile("adam", "mse")
    return model


def loss_and_state(model, **kwargs):
    """A training loss as a function of params, with the new state behind it."""
    params, state = model.take()

    def loss(params):
        y, new, losses = model.apply(params, state, X, training=True, return_losses=True, **kwargs)
        return jnp.mean(y**2) + sum(losses), new

    return loss, params


def remats(fn, *args):
    """How many functions are rematerialised in a computation: the primitive's name is JAX's, and has changed."""

    def count(jaxpr):
        total = 0
        for eqn in jaxpr.eqns:
            total += eqn.primitive.name in ("checkpoint", "remat2")
            for value in eqn.params.values():
                for inner in value if isinstance(value, list | tuple) else [value]:
                    inner = getattr(inner, "jaxpr", inner)
                    total += count(inner) if hasattr(inner, "eqns") else 0
        return total

    return count(jax.make_jaxpr(fn)(*args).jaxpr)


# --- functions -----------------------------------------------------------------------------------------------------------


def test_a_function_gives_the_same_values_and_gradients_by_hand():
    f = keras.remat(lambda x: jnp.sin(jnp.sin(x)))
    assert float(f(0.5)) == pytest.approx(np.sin(np.sin(0.5)), rel=1e-6)  # float32
    assert float(jax.grad(f)(0.5)) == pytest.approx(np.cos(np.sin(0.5)) * np.cos(0.5), rel=1e-6)
    assert remats(f, 0.5) == 1


def test_structures_and_what_is_no_array_pass_through():
    f = keras.remat(lambda pair, scale, name=None: {"sum": pair[0] + scale * pair[1], "name": name, "none": None})
    out = f((jnp.ones(2), X[0, :2]), 2, name="a")
    assert out["name"] == "a"
    assert out["none"] is None
    np.testing.assert_array_equal(out["sum"], 1 + 2 * X[0, :2])


def test_it_can_be_nested_jitted_and_vmapped():
    f = keras.remat(lambda x: jnp.sum(keras.remat(jnp.sin)(x) ** 2))
    expected = 2 * np.sin(X) * np.cos(X)
    np.testing.assert_allclose(jax.jit(jax.vmap(jax.grad(f)))(X), expected, **SAME)


def test_only_the_inputs_are_kept():
    x = jnp.ones((64, 64))

    def deep(x):
        for _ in range(10):
            x = jnp.sin(x) * x
        return x

    def kept(f):
        _, pullback = jax.vjp(f, x)
        return sum(leaf.size for leaf in jax.tree.leaves(pullback) if hasattr(leaf, "size"))

    assert kept(deep) >= 10 * x.size
    assert kept(keras.remat(deep)) <= 2 * x.size


def test_a_variable_written_inside_is_written_once_outside():
    total = keras.Variable(np.zeros(()), dtype="float32")
    seen = []

    def f(x):
        total.assign_add(jnp.sum(x))
        seen.append(1)
        return x * total

    y = keras.remat(f)(jnp.ones(3))
    assert float(total.numpy()) == 3.0
    assert len(seen) == 1
    np.testing.assert_array_equal(y, [3, 3, 3])

    scope = keras.StatelessScope([(total, jnp.float32(5))])
    with scope:
        gradient = jax.grad(lambda x: jnp.sum(keras.remat(lambda x: x * total)(x)))(jnp.ones(3))
    np.testing.assert_array_equal(gradient, [5, 5, 5])


def test_draws_go_on_where_they_would_have():
    def draws(wrap):
        generator = keras.random.SeedGenerator(7)
        twice = wrap(
            lambda x: x + keras.random.normal((3,), seed=generator) + keras.random.normal((3,), seed=generator)
        )
        return twice(jnp.zeros(3)), twice(jnp.zeros(3)), generator.state.numpy()

    for plain, forgetful in zip(draws(lambda f: f), draws(keras.remat), strict=True):
        np.testing.assert_allclose(plain, forgetful, **SAME)
    np.testing.assert_array_equal(draws(keras.remat)[2], [7, 4])


def test_masks_pass_in_and_out():
    seen = []

    def f(x):
        seen.append(get_keras_mask(x))
        y = x + 1
        set_keras_mask(y, seen[0])
        return y

    x, mask = jnp.zeros((2, 3)), jnp.array([[True, True, False], [True, False, False]])
    set_keras_mask(x, mask)
    y = keras.remat(f)(x)
    assert seen[0] is not None
    np.testing.assert_array_equal(get_keras_mask(y), mask)


def test_an_error_inside_leaves_nothing_behind():
    total = keras.Variable(np.zeros(()), dtype="float32")

    def f(x):
        total.assign_add(jnp.sum(x))
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        keras.remat(f)(jnp.ones(3))
    assert float(total.numpy()) == 0.0


# --- scopes --------------------------------------------------------------------------------------------------------------


def test_scopes_nest_and_end():
    assert current_mode() is None
    with keras.RematScope("full") as outer:
        assert current_mode().mode == "full"
        with keras.RematScope("larger_than", output_size_threshold=7), outer:
            assert current_mode().mode == "full"
        with keras.RematScope(None):
            assert not remats(layers.Dense(2), X)
        assert current_mode().mode == "full"
    assert current_mode() is None


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match=r"Invalid mode 'ful'.*'larger_than'.*Did you mean 'full'"):
        keras.RematScope("ful")


def test_the_mode_is_that_of_the_layers_birth():
    plain = layers.Dense(2)
    with keras.RematScope():
        forgetful = layers.Dense(2)
        assert remats(plain, X) == 0
    assert remats(forgetful, X) == 1


def test_each_mode_chooses_its_layers():
    def chosen(mode, **options):
        with keras.RematScope(mode, **options):
            small, large = layers.Dense(2, name="small"), layers.Dense(64, activation="relu", name="large")
        return remats(small, X), remats(large, X)

    assert chosen("full") == (1, 1)
    assert chosen("list_of_layers", layer_names=["large"]) == (0, 1)
    assert chosen("larger_than", output_size_threshold=24 * 64) == (0, 0)
    assert chosen("larger_than", output_size_threshold=24 * 64 - 1) == (0, 1)
    assert chosen("activations") == (1, 1)  # "linear" is an activation, too
    assert chosen(None) == (0, 0)


def test_the_activation_is_the_layers_own_again_after_the_call():
    with keras.RematScope("activations"):
        layer = layers.Dense(3, activation="relu")
    before = layer.activation
    layer(X)
    assert layer.activation is before
    with pytest.raises(ValueError, match="incompatible with the layer"):
        layer(X[:, :2])
    assert layer.activation is before


@pytest.mark.parametrize(("mode", "options"), MODES)
def test_a_network_gives_the_same_loss_gradient_and_state(mode, options):
    (loss, params), (same, _) = loss_and_state(network()), loss_and_state(network(mode, **options))
    (value, state), grads = jax.value_and_grad(loss, has_aux=True)(params)
    (value2, state2), grads2 = jax.value_and_grad(same, has_aux=True)(params)
    np.testing.assert_allclose(value2, value, **SAME)
    for path in params:
        np.testing.assert_allclose(grads2[path], grads[path], err_msg=path, **SAME)
    for path in state:
        np.testing.assert_allclose(state2[path], state[path], err_msg=path, **SAME)
    assert remats(same, params) > 0 == remats(loss, params)


@pytest.mark.parametrize(("mode", "options"), MODES)
def test_a_key_of_ones_own_draws_the_same_masks(mode, options):
    key = jax.random.key(1)
    (loss, params), (same, _) = loss_and_state(network(), key=key), loss_and_state(network(mode, **options), key=key)
    np.testing.assert_allclose(same(params)[0], loss(params)[0], **SAME)


@pytest.mark.parametrize(("mode", "options"), MODES)
def test_fit_gives_the_same_history(mode, options):
    y = (X[:, :1] > 0).astype("float32")
    plain = network().fit(X, y, batch_size=5, epochs=3, verbose=0).history["loss"]
    forgetful = network(mode, **options).fit(X, y, batch_size=5, epochs=3, verbose=0).history["loss"]
    np.testing.assert_allclose(forgetful, plain, **SAME)


def test_an_eager_call_moves_statistics_seeds_and_losses_as_ever():
    found = []
    for mode in (None, "full"):
        model = network(mode)
        x = jnp.asarray(X)
        for layer in model.layers:
            x = layer(x, training=True)
        found.append([x, *[v.numpy() for v in model.variables], np.asarray(model.layers[0].losses[0])])
    for plain, forgetful in zip(*found, strict=True):
        np.testing.assert_allclose(forgetful, plain, **SAME)


def test_the_mask_of_an_embedding_reaches_the_layer_behind_a_forgetful_block():
    seen = []

    class Look(layers.Layer):
        supports_masking = True

        def call(self, x, mask=None):
            seen.append(mask)
            return x

    with keras.RematScope("full"):
        block = keras.Sequential([layers.Embedding(5, 3, mask_zero=True), layers.Dropout(0.1)])
    look = Look()
    look(block(np.array([[1, 2, 0]])))
    np.testing.assert_array_equal(seen[0], [[True, True, False]])


def test_a_whole_model_of_forgetful_layers_is_not_run_twice():
    model = network("full")
    values = [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]
    assert remats(lambda t, n: model.stateless_call(t, n, X, training=True)[0], *values) == 4


def test_the_step_of_a_deep_network_needs_less_memory():
    def temporaries(mode):
        with keras.RematScope(mode):
            blocks = [
                keras.Sequential([layers.Dense(32, "gelu"), layers.BatchNormalization(), layers.Dropout(0.1)])
                for _ in range(6)
            ]
            model = keras.Sequential([keras.Input((32,)), *blocks, layers.Dense(1)])
        model.compile("sgd", "mse")
        x = np.random.RandomState(0).randn(2048, 32).astype("float32")
        state = keras.training.take_state(model, x, x[:, :1])
        # XLA's compiler for CPUs drops the barriers between the two runs, unless told; `fit` tells it
        options = {"xla_disable_hlo_passes": "cse_barrier_expander"}
        step = jax.jit(lambda state: model.train_step(state, (x, x[:, :1])), compiler_options=options)
        memory = step.lower(tuple(state)).compile().memory_analysis()
        return memory.temp_size_in_bytes / x.nbytes

    plain, forgetful = temporaries(None), temporaries("full")  # in activations of one layer: 34 and 9 here
    assert forgetful < plain / 2
