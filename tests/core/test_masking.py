"""Masks ride beside tensors and pass from layer to layer."""

import gc

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Input, Layer, Model, Sequential, layers
from jaxnn.core import masking
from jaxnn.core.masking import get_keras_mask, set_keras_mask

TOKENS = np.array([[1, 2, 0], [3, 0, 0]])


class Total(Layer):
    """Sums over time what the mask leaves."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x, mask=None):
        return jnp.sum(x if mask is None else x * mask[..., None], axis=1)

    def compute_mask(self, inputs, mask=None):
        return None


def test_a_mask_lives_as_long_as_its_tensor():
    x = jnp.ones(3)
    set_keras_mask(x, "mask")
    assert get_keras_mask(x) == "mask"
    key = id(x)
    del x
    gc.collect()
    assert key not in masking._masks


def test_a_mask_is_taken_off_by_none_and_no_other_tensor_has_it():
    x, y = jnp.ones(3), jnp.ones(3)
    set_keras_mask(x, "mask")
    assert get_keras_mask(y) is None
    set_keras_mask(x, None)
    assert get_keras_mask(x) is None
    set_keras_mask(x, None)  # taking off what isn't there is no error


def test_a_mask_survives_the_cast_to_another_dtype():
    x = jnp.ones((1, 2, 3))
    mask = jnp.array([[True, False]])
    set_keras_mask(x, mask)
    np.testing.assert_array_equal(Total(dtype="bfloat16")(x), np.ones((1, 3)))


def test_masks_reach_mask_arguments_through_layers_that_pass_them_on():
    embedding = layers.Embedding(4, 5, mask_zero=True)
    y = embedding(TOKENS)
    expected = np.stack([y[0, :2].sum(0), y[1, :1].sum(0)])
    np.testing.assert_allclose(Total()(layers.Activation("linear")(y)), expected, rtol=1e-6)  # sums of 2 and of 3 terms
    i = Input((3,), dtype="int32")
    graph = Model(i, Total()(layers.Dropout(0.5)(embedding(i))))
    stack = Sequential([Input((3,), dtype="int32"), embedding, layers.Dropout(0.5), Total()])
    free = Sequential([embedding, layers.Dropout(0.5), Total()])
    for model in (graph, stack, free):
        for _ in range(2):  # as it stands, then compiled
            np.testing.assert_allclose(model(TOKENS), expected, rtol=1e-6)


def test_masks_pass_under_jit_and_through_apply():
    model = Sequential([Input((3,), dtype="int32"), layers.Embedding(4, 5, mask_zero=True), Total()])
    params, state = model.take()
    outputs, _ = jax.jit(model.apply)(params, state, TOKENS)
    np.testing.assert_allclose(outputs, model(TOKENS), rtol=1e-6)


def test_several_masked_inputs_are_told_apart_by_name():
    class Two(Layer):
        def call(self, a, b, a_mask=None, b_mask=None):
            self.seen = (a_mask is not None, b_mask is not None)
            return a + b

        def compute_mask(self, inputs, mask):
            return None

    layer = Two()
    embedded = layers.Embedding(4, 2, mask_zero=True)(TOKENS)
    layer(embedded, b=jnp.ones((2, 3, 2)))
    assert layer.seen == (True, False)


def test_a_layer_that_loses_a_mask_says_so():
    class Plain(Layer):
        def call(self, x):
            return x

    with pytest.warns(UserWarning, match="does not support masking and will therefore destroy the mask"):
        Plain()(layers.Embedding(4, 2, mask_zero=True)(TOKENS))


def test_a_mask_on_the_input_of_a_model_reaches_its_layers():
    i = Input((3, 5))
    model = Model(i, Total()(i))
    x = layers.Embedding(4, 5, mask_zero=True)(TOKENS)
    with pytest.warns(UserWarning, match="does not support masking"):  # Keras says so too, and passes it
        masked = model(x)
    np.testing.assert_allclose(masked, Total()(x), rtol=1e-6)
    np.testing.assert_allclose(model(np.asarray(x)), np.asarray(x).sum(1), rtol=1e-6)
