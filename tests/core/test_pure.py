"""init, apply, take, give and stateless_call, where models nest, loops run inside `call` and names must be right.

What every layer promises is in tests/contract; a block with all of Keras's freedoms is in test_purity.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxnn import Input, Layer, Model, Sequential, Variable, layers, ops, random

X = np.random.RandomState(0).randn(6, 3).astype("float32")


def stack():
    return Sequential(
        [
            Input((3,)),
            layers.Dense(4, activation="tanh", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.5, seed=3),
            layers.Dense(1, activity_regularizer="l1"),
        ]
    )


def nested():
    inner = Sequential([layers.Dense(3), layers.BatchNormalization()])
    x = Input((3,))
    return Model(x, layers.Dense(1)(inner(inner(x)) + x))


def test_init_leaves_the_layer_alone_and_hangs_on_the_key_only(key):
    model = stack()
    before = model.get_weights()
    params, state = model.init(key)
    again, _ = model.init(key)
    other, _ = model.init(jax.random.key(1))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(params["layers/dense/kernel"], again["layers/dense/kernel"])
    assert not np.array_equal(params["layers/dense/kernel"], other["layers/dense/kernel"])
    assert not np.array_equal(params["layers/dense/kernel"][:3, :1], params["layers/dense_1/kernel"][:3])
    np.testing.assert_array_equal(state["layers/batch_normalization/moving_variance"], np.ones(4))
    assert int(state["layers/dropout/seed_generator"][1]) == 0


def test_init_follows_each_initializer(key):
    params, _ = layers.Dense(400, kernel_initializer="he_normal", bias_initializer="ones").init(key, (None, 400))
    np.testing.assert_array_equal(params["bias"], np.ones(400))
    # the spread of 160,000 draws is known to about a fifth of a percent
    np.testing.assert_allclose(jnp.std(params["kernel"]), np.sqrt(2 / 400), rtol=0.01)


def test_a_variable_made_from_a_value_starts_from_it(key):
    class Fixed(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.table = Variable(np.arange(3.0), name="table")

        def call(self, x):
            return x * self.table

    params, _ = Fixed().init(key, (None, 3))
    np.testing.assert_array_equal(params["table"], [0, 1, 2])


@pytest.mark.parametrize(
    ("make", "shape", "inputs"),
    [
        (lambda: layers.Embedding(5, 2), (None, 3), np.array([[1, 2, 3]])),
        (lambda: layers.Dot(axes=1), [(None, 3), (None, 3)], [X, X]),
        (nested, (None, 3), X),
    ],
)
def test_init_takes_any_structure_of_shapes(make, shape, inputs, key):
    layer = make()
    params, state = layer.init(key, shape)
    outputs, _ = jax.jit(layer.apply)(params, state, inputs)
    assert jnp.isfinite(outputs).all()


@pytest.mark.parametrize("make", [stack, nested])
def test_apply_is_the_call_on_other_values(make):
    model = make()
    params, state = model.take()
    np.testing.assert_allclose(model.apply(params, state, X)[0], model(X), rtol=1e-5, atol=1e-6)  # two compilations
    zeros = jax.tree.map(jnp.zeros_like, params)
    outputs, _ = model.apply(zeros, state, X)
    np.testing.assert_array_equal(outputs, np.zeros((6, 1)))


def test_a_path_may_stand_in_params_or_in_state():
    model = stack()
    params, state = model.take()
    expected, _ = model.apply(params, state, X)
    head = {k: v for k, v in params.items() if "dense_1" in k}
    rest = {**state, **{k: v for k, v in params.items() if k not in head}}
    outputs, moved = model.apply(head, rest, X)
    np.testing.assert_array_equal(outputs, expected)
    assert set(moved) == set(rest)
    gradient = jax.grad(lambda p: model.apply(p, rest, X)[0].sum())(head)
    assert set(gradient) == set(head)


def test_losses_are_those_of_this_call_and_these_values():
    model = stack()
    params, state = model.take()
    outputs, _, losses = jax.jit(lambda *a: model.apply(*a, return_losses=True))(params, state, X)
    activity, penalty = losses
    np.testing.assert_allclose(activity, 0.01 * np.abs(outputs).sum() / 6, rtol=1e-5)
    np.testing.assert_allclose(penalty, 0.01 * (params["layers/dense/kernel"] ** 2).sum(), rtol=1e-5)
    doubled = {k: 2 * v for k, v in params.items()}
    np.testing.assert_allclose(model.apply(doubled, state, X, return_losses=True)[2][1], 4 * penalty, rtol=1e-5)
    assert model.losses[0].shape == ()  # outside, what the last call outside added: nothing but the penalty


class Recurrent(Layer):
    """A loop of the user's own inside `call`, with dropout in its body."""

    def __init__(self, remat=False, **kwargs):
        super().__init__(**kwargs)
        self.cell, self.dropout, self.remat = layers.Dense(3, activation="tanh"), layers.Dropout(0.5, seed=1), remat

    def build(self, shape):
        self.cell.build((None, 3))

    def call(self, x, training=None):
        def step(h, _):
            h = self.dropout(self.cell(h), training=training)
            return h, h

        return jax.lax.scan(jax.checkpoint(step) if self.remat else step, x, length=4)[0]


@pytest.mark.parametrize("remat", [False, True])
def test_loops_and_checkpoints_inside_call_draw_and_differentiate(remat, key):
    layer = Recurrent(remat)
    params, state = layer.init(key, (None, 3))

    def loss(p):
        y, moved = layer.apply(p, state, X, training=True)
        return jnp.sum(y**2), moved

    (value, moved), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
    assert float(value) > 0
    assert moved["dropout/seed_generator"][1] == 1  # the body is traced once: one mask for all its steps, as in Keras
    assert all(jnp.isfinite(g).all() for g in grads.values())
    small = 1e-3
    bumped = {**params, "cell/bias": params["cell/bias"] + small}
    np.testing.assert_allclose((loss(bumped)[0] - value) / small, grads["cell/bias"].sum(), rtol=0.05, atol=0.05)


def test_members_train_together_as_each_would_alone(key):
    model = stack()
    optimizer = optax.sgd(0.1)

    def train(key):
        params, state = model.init(key)

        def step(carry, _):
            params, state, slots = carry

            def loss(p):
                y, moved, extra = model.apply(p, state, X, training=True, return_losses=True)
                return jnp.mean(y**2) + sum(extra), moved

            (value, state), grads = jax.value_and_grad(loss, has_aux=True)(params)
            updates, slots = optimizer.update(grads, slots, params)
            return (optax.apply_updates(params, updates), state, slots), value

        (params, state, _), losses = jax.lax.scan(step, (params, state, optimizer.init(params)), length=5)
        return params, state, losses

    keys = jax.random.split(key, 3)
    together = jax.jit(jax.vmap(train))(keys)
    alone = jax.jit(train)(keys[1])
    # vmap sums in another order: float32 rounding over five steps
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[1], b, rtol=1e-4, atol=1e-5), together, alone)


def test_freezing_retraces_by_itself():
    model = stack()
    traces = []

    @jax.jit
    def loss(params, state):
        traces.append(len(params))
        return model.apply(params, state, X)[0].sum()

    loss(*model.take())
    loss(*model.take())
    model.layers[0].trainable = False
    loss(*model.take())
    assert traces == [6, 4]


def test_second_derivatives_and_jacobians_go_through():
    model = Sequential([Input((3,)), layers.Dense(2, activation="tanh"), layers.Dense(1)])
    params, state = model.take()
    jacobian = jax.jacobian(lambda x: model.apply(params, state, x[None])[0][0])(jnp.asarray(X[0]))
    hessian = jax.hessian(lambda x: model.apply(params, state, x[None])[0][0, 0])(jnp.asarray(X[0]))
    assert jacobian.shape == (1, 3)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-6)


# --- stateless_call ----------------------------------------------------------------------------------------------------


def values(variables):
    return [v.value for v in variables]


def test_stateless_call_gives_outputs_moved_values_and_losses():
    model = stack()
    weights, rest = values(model.trainable_variables), values(model.non_trainable_variables)
    outputs, moved, losses = model.stateless_call(weights, rest, X, training=True, return_losses=True)
    expected, state, same = model.apply(*model.take(), X, training=True, return_losses=True)
    np.testing.assert_array_equal(outputs, expected)
    for a, b in zip(moved, state.values(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(losses, same)
    assert len(model.stateless_call(weights, rest, X)) == 2
    np.testing.assert_array_equal(model.non_trainable_variables[-1].value, rest[-1])


def test_stateless_call_takes_variables_as_they_are():
    dense = layers.Dense(2)
    dense.build((None, 3))
    outputs, _ = jax.jit(dense.stateless_call)(dense.trainable_variables, [], X)
    np.testing.assert_allclose(outputs, dense(X), rtol=1e-6)


def test_stateless_call_says_what_is_missing():
    dense = layers.Dense(2)
    with pytest.raises(ValueError, match="To call stateless_call, Dense must be built"):
        dense.stateless_call([], [], X)
    dense.build((None, 3))
    with pytest.raises(
        ValueError, match=r"`trainable_variables` must be a list of tensors corresponding 1:1.*length 1"
    ):
        dense.stateless_call([X], [], X)


def test_a_layer_without_any_values_is_pure_too(key):
    assert layers.ReLU().init(key, (None, 3)) == ({}, {})
    np.testing.assert_array_equal(layers.ReLU().apply({}, {}, X)[0], np.maximum(X, 0))


def test_unseeded_draws_take_the_key_of_the_scope(key):
    class Noise(Layer):
        def call(self, x):
            return x + random.normal(x.shape) + ops.zeros_like(x)

    layer = Noise()
    layer.build((None, 3))
    a = jax.jit(lambda k: layer.apply({}, {}, X, key=k)[0])(key)
    np.testing.assert_allclose(a, layer.apply({}, {}, X, key=key)[0], rtol=1e-6)
    assert not np.array_equal(a, layer.apply({}, {}, X, key=jax.random.key(5))[0])
