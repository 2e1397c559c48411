import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, layers


def init(rng, inputs):
    return {"dense": {"w": jax.random.normal(rng, (inputs.shape[-1], 2)), "b": np.zeros(2)}}, {"calls": 0}


def call(params, state, rng, inputs, training):
    noise = jax.random.normal(rng, inputs.shape) if training else 0.0
    return (inputs + noise) @ params["dense"]["w"] + params["dense"]["b"], {"calls": state["calls"] + 1}


def plain(params, inputs):
    return inputs @ params["w"]


def test_parameters_are_weights_and_state_is_not_trained():
    layer = layers.JaxLayer(call, init, name="jax")
    x = np.ones((5, 3), "float32")
    layer(x), layer(x, training=True)
    assert [w.path for w in layer.trainable_weights] == ["jax/dense_b", "jax/dense_w"]
    assert [(w.path, w.dtype, int(w.numpy())) for w in layer.non_trainable_weights] == [("jax/calls", "int32", 2)]
    assert layer.params["dense"]["w"].shape == (3, 2)
    assert layer.state["calls"] is layer.non_trainable_weights[0]


def test_training_is_random_and_moves_on():
    layer = layers.JaxLayer(call, init, seed=3)
    x = np.ones((5, 3), "float32")
    first, second, calm, again = (layer(x, training=t) for t in (True, True, False, False))
    assert np.abs(first - second).max() > 0.1
    np.testing.assert_array_equal(calm, again)


def test_given_parameters_are_taken():
    layer = layers.JaxLayer(plain, params={"w": np.eye(3)[:, :2]})
    np.testing.assert_array_equal(layer(np.arange(3.0)[None]), [[0, 1]])
    params, _ = layer.init(jax.random.key(0), (None, 3))
    np.testing.assert_array_equal(params["w"], np.eye(3)[:, :2])


def test_init_draws_by_its_key(key):
    layer = layers.JaxLayer(call, init)
    (one, state), (same, _), (other, _) = (layer.init(k, (None, 3)) for k in (key, key, jax.random.key(1)))
    np.testing.assert_array_equal(one["dense_w"], same["dense_w"])
    assert np.abs(one["dense_w"] - other["dense_w"]).max() > 0.1
    y, moved = jax.jit(lambda p, s, x: layer.apply(p, s, x, training=True))(one, state, jnp.ones((5, 3)))
    assert (y.shape, int(moved["calls"])) == ((5, 2), 1)


def test_it_trains_in_a_model():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    model = Sequential([layers.Input((3,)), layers.JaxLayer(call, init), layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = model.fit(x, x[:, :1], epochs=3, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert int(model.layers[0].state["calls"].numpy()) == 12  # four batches, three times


def test_functions_that_do_not_fit_are_told():
    with pytest.raises(ValueError, match="Missing required argument in `call_fn`: `inputs`"):
        layers.JaxLayer(lambda params: params)
    with pytest.raises(ValueError, match="Unsupported argument in `call_fn`: `x`, supported arguments are"):
        layers.JaxLayer(lambda inputs, x: inputs)
    with pytest.raises(ValueError, match="`init_fn`, `params` and `state` cannot all be `None`"):
        layers.JaxLayer(plain)
    layer = layers.JaxLayer(lambda state, inputs: (inputs, {"other": 1}), state={"calls": 0})
    with pytest.raises(ValueError, match="Structure mismatch: the state that `call_fn` returned"):
        layer(np.ones((1, 2)))
