"""The pure step: many models as one program, and differentiation through training."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxnn as keras
from jaxnn.training import give_state, take_state, train_epoch


def data(n=128):
    rng = np.random.RandomState(0)
    x = rng.randn(n, 4).astype("float32")
    return x, (x[:, :1] > 0).astype("float32")


def member(seed, rate):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.25),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    model.build_for(*data(32))
    return model


def test_members_with_own_weights_seeds_orders_and_rates_train_as_one_program():
    x, y = data()
    members = [member(seed, rate) for seed, rate in enumerate([0.1, 0.01, 0.001])]
    orders = np.stack([np.random.RandomState(k).permutation(128) for k in range(3)]).astype("int32")
    states = jax.tree.map(lambda *a: jnp.stack(a), *[take_state(m) for m in members])

    epoch = train_epoch(members[0], 32)
    logs, states = jax.jit(jax.vmap(epoch, in_axes=(0, 0, None, None)))(states, orders, x, y)

    for k, m in enumerate(members):
        own = train_epoch(m, 32)
        alone_logs, alone = jax.jit(own)(take_state(m), orders[k], x, y)
        np.testing.assert_allclose(logs["loss"][k], alone_logs["loss"], rtol=1e-6)
        for together, single in zip(jax.tree.leaves(states), jax.tree.leaves(alone), strict=True):
            # a batched matrix product adds in another order than a single one
            np.testing.assert_allclose(np.asarray(together[k], "float64"), np.asarray(single, "float64"), atol=2e-5)


def test_an_epoch_of_the_pure_step_equals_fit():
    x, y = data()
    one, two = member(3, 0.01), member(3, 0.01)
    order = np.arange(128, dtype="int32")
    state = take_state(one)
    for _ in range(2):
        logs, state = jax.jit(train_epoch(one, 32))(state, order, x, y)
    give_state(one, state)
    history = two.fit(x, y, batch_size=32, epochs=2, shuffle=False, verbose=0).history
    np.testing.assert_allclose(float(logs["loss"]), history["loss"][-1], rtol=1e-6)
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_training_can_be_differentiated_through():
    x, y = data(32)
    model = member(0, 0.01)
    epoch = train_epoch(model, 8)
    state = take_state(model)
    order = np.arange(32, dtype="int32")

    def final_loss(inputs):
        return epoch(state, order, inputs, y)[0]["loss"]

    gradient = jax.jit(jax.grad(final_loss))(jnp.asarray(x))
    assert gradient.shape == x.shape
    assert float(jnp.abs(gradient).max()) > 0
    direction = jnp.sign(gradient)
    step = 1e-3
    slope = (final_loss(x + step * direction) - final_loss(x - step * direction)) / (2 * step)
    np.testing.assert_allclose(slope, jnp.sum(gradient * direction), rtol=0.05)  # a central difference in float32


def test_an_optax_transformation_can_be_compiled_with():
    x, y = data()
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(optax.chain(optax.clip(1.0), optax.sgd(0.1)), "mse")
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=3, verbose=0)
    assert model.evaluate(x, y, verbose=0) < before


def test_a_state_that_would_lack_variables_is_refused():
    x, y = data()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    with pytest.raises(
        ValueError, match=r"its loss and its metrics and its optimizer have no variables yet.*build_for"
    ):
        take_state(model)
    with pytest.raises(ValueError, match="train_epoch"):
        train_epoch(model, 32)
    assert len(take_state(model, x, y).metrics) == 4
