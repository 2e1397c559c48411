"""Row C5: advanced architectures: residual, recurrent, attention, autoencoders.

Source: D4 (004_c6041bac8b80f14b), part 6 of the course it announces.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import Input, Model, Sequential, explore, layers, losses, optimizers, utils
from tests.documents.by_hand import sigmoid, softmax


def drawn(*shape, seed=0):
    """Normal numbers, the same ones whatever else has run."""
    return np.random.RandomState(seed).randn(*shape)


# Residual: a block gives x + f(x)

DEPTH, WIDTH = 12, 16
POINTS = drawn(256, 8).astype("float32")
SIDE = (POINTS[:, :1] * POINTS[:, 1:2] > 0).astype("float32")


def deep(residual):
    """Many sigmoids on top of each other, or each of them added to what it was given."""
    utils.set_random_seed(0)
    inputs = Input((8,))
    x = layers.Dense(WIDTH)(inputs)
    for _ in range(DEPTH):
        y = layers.Dense(WIDTH, "sigmoid")(x)
        x = layers.Add()([x, y]) if residual else y
    model = Model(inputs, layers.Dense(1, "sigmoid")(x))
    model.compile(optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    return model


def test_c5_the_gradient_vanishes_in_the_plain_net_and_not_in_the_residual_one():
    shares = {}
    for residual in (False, True):
        size = explore.gradients(deep(residual), POINTS, SIDE).data["size"][0]
        shares[residual] = size[0] / size[-1]
    assert shares[False] < 0.3**DEPTH  # a slope of at most 1/4 a layer, and kernels that about keep lengths
    assert shares[True] > 0.003


def test_c5_because_its_block_has_the_slope_one_plus_the_slope_of_f():
    block = layers.Dense(4, "sigmoid")
    block.build((None, 4))
    params, state = block.take()

    def slope(f):
        return jax.jacobian(lambda x: f(x[None])[0])(jnp.asarray(POINTS[0, :4]))

    plain = slope(lambda x: block.apply(params, state, x)[0])
    residual = slope(lambda x: layers.Add()([x, block.apply(params, state, x)[0]]))
    np.testing.assert_allclose(residual, np.eye(4) + plain, rtol=1e-6, atol=1e-7)


def test_c5_the_residual_net_learns_what_the_plain_one_cannot():
    accuracies = {}
    for residual in (False, True):
        model = deep(residual)
        model.fit(POINTS, SIDE, epochs=60, verbose=0)
        accuracies[residual] = model.evaluate(POINTS, SIDE, verbose=0)[1]
    assert accuracies[False] < 0.6
    assert accuracies[True] > 0.9


# Recurrent: what is remembered from step to step

SERIES = drawn(600, 15, 1).astype("float32")
FIRST = (SERIES[:, 0] > 0).astype("float32")


def test_c5_an_lstm_step_by_hand():
    """Gates i, f, o between 0 and 1: c = f c + i tanh(...) is what is remembered, h = o tanh(c) what is told."""
    units, x = 3, drawn(2, 5, 4).astype("float32")
    layer = layers.LSTM(units, return_sequences=True)
    layer.build(x.shape)
    kernel, recurrent, bias = drawn(4, 12, seed=1), drawn(3, 12, seed=2), drawn(12, seed=3)
    layer.set_weights([kernel, recurrent, bias])
    c = h = np.zeros((2, units))
    for t, told in enumerate(np.moveaxis(np.asarray(layer(x)), 1, 0)):
        i, f, new, o = np.split(x[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(new)
        h = sigmoid(o) * np.tanh(c)
        np.testing.assert_allclose(told, h, rtol=1e-4, atol=1e-5, err_msg=f"step {t}")  # float32 beside float64


def test_c5_a_fresh_lstm_remembers():
    layer = layers.LSTM(2)
    layer.build((None, 5, 4))
    np.testing.assert_array_equal(layer.get_weights()[2], [0, 0, 1, 1, 0, 0, 0, 0])  # the forget gate starts open


def test_c5_an_lstm_learns_to_remember_the_first_of_fifteen_numbers():
    utils.set_random_seed(0)
    model = Sequential([Input((15, 1)), layers.LSTM(8), layers.Dense(1, "sigmoid")])
    model.compile(optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    model.fit(SERIES[:400], FIRST[:400], epochs=60, verbose=0)
    assert model.evaluate(SERIES[400:], FIRST[400:], verbose=0)[1] > 0.85  # a coin has a half


# Attention: each query gathers the values whose keys it resembles


def test_c5_attention_by_hand():
    query, value, key = (drawn(2, n, d, seed=d + n).astype("float32") for n, d in ((3, 4), (5, 6), (5, 4)))
    scores = softmax(query.astype(float) @ key.transpose(0, 2, 1))
    told, weights = layers.Attention()([query, value, key], return_attention_scores=True)
    np.testing.assert_allclose(weights, scores, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(told, scores @ value, rtol=1e-4, atol=1e-5)


def test_c5_multi_head_attention_by_hand():
    """softmax(q k^T / sqrt(d)) v in each head, on projections of its own, and their outputs projected back and added up."""
    heads, dim, x = 2, 3, drawn(2, 5, 4).astype("float32")
    layer = layers.MultiHeadAttention(heads, dim)
    layer.build(x.shape, x.shape)
    weights = [drawn(*w.shape, seed=i) for i, w in enumerate(layer.get_weights())]
    layer.set_weights(weights)
    wq, bq, wk, bk, wv, bv, wo, bo = weights
    by_hand = np.zeros(x.shape) + bo
    for head in range(heads):
        q, k, v = (x @ w[:, head] + b[head] for w, b in ((wq, bq), (wk, bk), (wv, bv)))
        by_hand += softmax(q @ k.transpose(0, 2, 1) / np.sqrt(dim)) @ v @ wo[head]
    np.testing.assert_allclose(layer(x, x), by_hand, rtol=1e-4, atol=1e-4)  # float32 beside float64


def lookups(count, random):
    """Six entries (a key and a number each) in any order, and which of the keys is asked for."""
    keys = np.argsort(random.rand(count, 6), axis=1)
    numbers = random.randint(0, 2, (count, 6, 1))
    asked = random.randint(0, 6, count)
    x = [np.eye(6)[keys], 2.0 * numbers - 1, np.eye(6)[asked]]
    place = (keys == asked[:, None]).argmax(axis=1)
    return [a.astype("float32") for a in x], numbers[np.arange(count), place].astype("float32"), place


def test_c5_an_attention_layer_learns_where_to_look():
    utils.set_random_seed(0)
    inputs = keys, numbers, asked = Input((6, 6)), Input((6, 1)), Input((6,))
    query = layers.Reshape((1, 8))(layers.Dense(8)(asked))
    found, weights = layers.Attention()([query, numbers, layers.Dense(8)(keys)], return_attention_scores=True)
    model = Model(inputs, layers.Dense(1, "sigmoid")(layers.Flatten()(found)))
    model.compile(optimizers.Adam(0.02), losses.BinaryCrossentropy(), metrics=["accuracy"])
    x, y, _ = lookups(500, np.random.RandomState(1))
    model.fit(x, y, epochs=30, verbose=0)
    x_new, y_new, place = lookups(200, np.random.RandomState(2))
    assert model.evaluate(x_new, y_new, verbose=0)[1] > 0.95
    looks = Model(inputs, weights).predict(x_new, verbose=0)[:, 0]
    assert np.mean(looks.argmax(axis=1) == place) > 0.95  # at the entry that was asked for


# Autoencoder: through a narrow code and back


def autoencoder(width, code, activation, x, epochs, rate):
    """The mean squared error per row of what comes back."""
    utils.set_random_seed(0)
    hidden = [layers.Dense(width, activation)] if activation else []
    again = [layers.Dense(width, activation)] if activation else []
    model = Sequential([Input(x.shape[1:]), *hidden, layers.Dense(code, name="code"), *again, layers.Dense(x.shape[1])])
    model.compile(optimizers.Adam(rate), "mse")
    model.fit(x, x, batch_size=len(x), epochs=epochs, verbose=0)
    return np.square(model.predict(x, verbose=0) - x).sum(axis=1).mean()


def principal_error(x, code):
    """What the best linear map of that width leaves: the sum of the other squared singular values."""
    return np.square(np.linalg.svd(x - x.mean(axis=0), compute_uv=False)[code:]).sum() / len(x)


def test_c5_a_linear_autoencoder_is_as_good_as_the_principal_components():
    x = (drawn(200, 6) @ np.diag([3, 2, 1, 0.5, 0.3, 0.1]) @ drawn(6, 6, seed=1)).astype("float32")
    lost = autoencoder(0, 2, None, x, epochs=2000, rate=0.02)
    assert 1 - 1e-4 < lost / principal_error(x, 2) < 1.01


def test_c5_one_number_holds_a_curve_that_no_straight_line_does():
    angle = np.random.RandomState(0).uniform(-2.5, 2.5, 300)
    x = np.stack([np.cos(angle), np.sin(angle), np.cos(2 * angle)], axis=1).astype("float32")
    lost = autoencoder(32, 1, "tanh", x, epochs=1500, rate=0.01)
    assert lost < 0.1 * principal_error(x, 1)
