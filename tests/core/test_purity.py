"""Any layer or model is a pure function: init and apply under jit, grad, vmap, scan and checkpoint."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import layers


class Block(keras.Layer):
    """A layer as a user of Keras 3 writes it: sublayers in a list and a dict, a tied weight, add_loss."""

    def __init__(self, units=4, rate=0.5, **kwargs):
        super().__init__(**kwargs)
        self.units, self.rate = units, rate
        self.first = layers.Dense(units, activation="relu")
        self.inner = [layers.BatchNormalization(), layers.Dropout(rate)]
        self.heads = {"a": layers.Dense(units), "b": layers.Dense(units, use_bias=False)}

    def build(self, input_shape):
        self.gain = self.add_weight((self.units,), "ones", name="gain")
        self.first.build(input_shape)
        shape = (*input_shape[:-1], self.units)
        for layer in (*self.inner, *self.heads.values()):
            layer.build(shape)

    def call(self, inputs, training=None):
        x = self.first(inputs) * self.gain
        for layer in self.inner:
            x = layer(x, training=training) if layer is not None else x
        self.add_loss(jnp.mean(x**2))
        return self.heads["a"](x) + jnp.matmul(x, self.heads["b"].kernel)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rate": self.rate}


@pytest.fixture
def block(key):
    layer = Block()
    params, state = layer.init(key, (None, 3))
    return layer, params, state, jax.random.normal(key, (8, 3))


def test_params_are_what_the_gradient_moves_and_state_the_rest(block):
    _, params, state, _ = block
    assert list(params) == [
        "gain", "first/kernel", "first/bias", "heads/dense/kernel", "heads/dense/bias", "heads/dense_1/kernel",
        "inner/batch_normalization/gamma", "inner/batch_normalization/beta",
    ]  # fmt: skip
    assert list(state) == [
        "inner/batch_normalization/moving_mean", "inner/batch_normalization/moving_variance",
        "inner/dropout/seed_generator",
    ]  # fmt: skip


def test_apply_leaves_the_layer_alone_and_moves_the_state(block):
    layer, params, state, x = block
    before = layer.get_weights()
    y, moved = layer.apply(params, state, x, training=True)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert y.shape == (8, 4)
    seed = "inner/dropout/seed_generator"
    assert int(moved[seed][1]) == int(state[seed][1]) + 1
    mean = "inner/batch_normalization/moving_mean"
    assert float(jnp.abs(moved[mean] - state[mean]).max()) > 0
    again, _ = layer.apply(params, state, x, training=True)
    np.testing.assert_array_equal(y, again)
    other, _ = layer.apply(params, moved, x, training=True)
    assert float(jnp.abs(other - y).max()) > 0


def test_jit_grad_checkpoint_and_scan_agree(block):
    layer, params, state, x = block

    def loss(params, state):
        y, moved, extra = layer.apply(params, state, x, training=True, return_losses=True)
        return jnp.mean(y**2) + sum(extra), moved

    plain, moved = jax.grad(loss, has_aux=True)(params, state)
    for transform in (jax.jit, jax.checkpoint):
        other, _ = jax.jit(jax.grad(transform(loss), has_aux=True))(params, state)
        for name, gradient in plain.items():
            np.testing.assert_allclose(other[name], gradient, rtol=1e-4, atol=1e-6)

    def step(carry, _):
        value, carry = loss(params, carry)
        return carry, value

    final, values = jax.jit(lambda s: jax.lax.scan(step, s, None, length=3))(state)
    np.testing.assert_allclose(values[0], loss(params, state)[0], rtol=1e-5)
    np.testing.assert_allclose(values[1], loss(params, moved)[0], rtol=1e-5)
    assert int(final["inner/dropout/seed_generator"][1]) == 3


def test_init_is_vmapped_over_keys_and_each_member_equals_its_own(block):
    layer, _, state, x = block
    keys = jax.random.split(jax.random.key(7), 5)
    members, _ = jax.jit(jax.vmap(layer.init))(keys)
    one, _ = layer.init(keys[3])
    np.testing.assert_allclose(members["first/kernel"][3], one["first/kernel"], rtol=1e-6)
    assert len({float(k) for k in members["first/kernel"][:, 0, 0]}) == 5
    outputs = jax.vmap(lambda p: layer.apply(p, state, x)[0])(members)
    assert outputs.shape == (5, 8, 4)


def test_a_key_given_to_apply_draws_everything_from_it(block):
    layer, params, state, x = block
    a = layer.apply(params, state, x, training=True, key=jax.random.key(1))[0]
    b = layer.apply(params, state, x, training=True, key=jax.random.key(1))[0]
    c = layer.apply(params, state, x, training=True, key=jax.random.key(2))[0]
    np.testing.assert_array_equal(a, b)
    assert float(jnp.abs(a - c).max()) > 0


def test_take_and_give_carry_values_out_and_in(block):
    layer, *_ = block
    params, state = layer.take()
    layer.give({k: v + 1 for k, v in params.items()}, state)
    for path, value in layer.take()[0].items():
        np.testing.assert_array_equal(value, params[path] + 1)


def test_freezing_moves_weights_from_params_to_state(block):
    layer, params, *_ = block
    layer.first.trainable = False
    frozen, rest = layer.take()
    assert set(params) - set(frozen) == {"first/kernel", "first/bias"}
    assert {"first/kernel", "first/bias"} <= set(rest)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda b, p, s, x: b.apply({**p, "kernle": 0}, s, x), "has 'kernle', which it doesn't know"),
        (lambda b, p, s, x: b.apply({}, s, x), "lack 'gain'"),
        (lambda b, p, s, x: b.apply(p, x), r"`state` must be a dictionary .* apply\(params, state, x\)"),
        (lambda b, p, s, x: b.init(42, (None, 3)), r"`key` must be a JAX random key; got 42"),
        (lambda b, p, s, x: jax.jit(b.apply)(p, s, x, training=True), "must be a Python bool; got a traced value"),
        (lambda b, p, s, x: b.apply({**p, "gain": jnp.ones(9)}, s, x), r"'?gain'?.* received a value of shape \(9,\)"),
    ],
)
def test_mistakes_are_told_in_a_sentence(block, call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call(*block)


def test_the_layer_survives_a_config_round_trip(block):
    layer, params, state, x = block
    twin = Block.from_config(layer.get_config())
    twin.build((None, 3))
    np.testing.assert_array_equal(twin.apply(params, state, x)[0], layer.apply(params, state, x)[0])


def test_variables_work_in_jax_functions_scopes_and_pickles():
    import copy
    import pickle

    v = keras.Variable(np.arange(3.0), name="v")
    np.testing.assert_array_equal(jnp.sin(v), jnp.sin(jnp.arange(3.0)))
    np.testing.assert_allclose(jax.grad(lambda a: jnp.sum(a**2))(v), 2 * jnp.arange(3.0))
    with keras.StatelessScope([(v, jnp.zeros(3))]) as scope:
        v.assign_add([1.0, 1.0, 1.0])
        np.testing.assert_array_equal(v + 0, np.ones(3))
    np.testing.assert_array_equal(scope.get_current_value(v), np.ones(3))
    np.testing.assert_array_equal(v.numpy(), np.arange(3.0))
    for twin in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        twin.assign(np.zeros(3))
        np.testing.assert_array_equal(v.numpy(), np.arange(3.0))
    with pytest.raises(ValueError, match="must match"):
        v.assign(np.zeros(4))
    mine = np.zeros(3, "float32")
    v.assign(mine)
    mine += 5
    np.testing.assert_array_equal(v.numpy(), np.zeros(3))
