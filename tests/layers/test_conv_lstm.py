"""ConvLSTM: a window of one place is an LSTM at each place; masks, states, formats, messages."""

import doctest

import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.layers import conv_lstm

X = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype("float32")
ROUNDING = {"rtol": 1e-5, "atol": 1e-6}  # the same sums in another order


def test_the_examples_of_the_docstrings_hold():
    names = {name: getattr(layers, name) for name in ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")}
    assert doctest.testmod(conv_lstm, extraglobs={"np": np, **names}).failed == 0


def test_with_a_window_of_one_every_place_is_an_lstm():
    mask = np.arange(4) < np.array([[4], [2], [0]])
    layer = layers.ConvLSTM1D(3, 1, return_sequences=True)
    plain = layers.LSTM(3, return_sequences=True)
    y = layer(X, mask=mask)
    plain.build((None, 4, 2))
    plain.set_weights([w.reshape(w.shape[-2:]) if w.ndim == 3 else w for w in layer.get_weights()])
    for place in range(5):
        np.testing.assert_allclose(y[:, :, place], plain(X[:, :, place], mask=mask), **ROUNDING)


def test_masks_one_a_gate_drop_what_they_should():
    layer = layers.ConvLSTM1D(3, 2, dropout=0.5, recurrent_dropout=0.5, seed=3)
    first, second = layer(X, training=True), layer(X, training=True)
    assert not np.allclose(first, second)
    still = layers.ConvLSTM1D(3, 2)
    still.build(X.shape)
    still.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(X), still(X), **ROUNDING)


def test_channels_may_come_first():
    last = layers.ConvLSTM2D(3, 2, strides=2, data_format="channels_last")
    first = layers.ConvLSTM2D(3, 2, strides=2, data_format="channels_first")
    x = X[..., None]  # (batch, time, height, width, channels)
    y = last(x)
    first.build(np.moveaxis(x, -1, 2).shape)
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(np.moveaxis(first(np.moveaxis(x, -1, 2)), 1, -1), y, **ROUNDING)


def test_states_are_kept_returned_and_told():
    layer = layers.ConvLSTM1D(3, 2, stateful=True, return_state=True)
    y, h, c = layer(X)
    again, *_ = layer(X, initial_state=[h, c])
    layer.reset_states()
    layer(X)
    np.testing.assert_allclose(layer(X)[0], again, **ROUNDING)
    assert [tuple(s) for s in layer.compute_output_shape(X.shape)] == [a.shape for a in (y, h, c)]
    assert layer.compute_mask(X, None) == [None, None, None]


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="`strides > 1` is not compatible with `dilation_rate > 1`"):
        layers.ConvLSTM2D(3, 2, strides=2, dilation_rate=2)
    with pytest.raises(ValueError, match="only support static input shapes for the spatial dimension"):
        layers.ConvLSTM1D(3, 2)(jaxnn.Input((4, None, 2)))
    with pytest.raises(ValueError, match="expected ndim=4, found ndim=3"):
        layers.ConvLSTM1D(3, 2)(X[0])
    with pytest.raises(ValueError, match="Invalid value for argument `filters`"):
        layers.ConvLSTM1D(0, 2)
