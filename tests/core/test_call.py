"""Watching what layers give on the way."""

import jax.numpy as jnp
import numpy as np

import jaxnn as keras
from jaxnn import layers
from jaxnn.core.call import watching


def test_each_layer_gives_its_outputs_and_goes_on_with_what_it_gets_back():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")])
    params, state = model.take()
    seen = []

    def watch(layer, outputs):
        seen.append(layer.name)
        return jnp.zeros_like(outputs) if layer.name == "a" else outputs

    with watching(watch):
        y, _ = model.apply(params, state, jnp.ones((4, 2)))
    assert seen == ["a", "b", model.name]
    np.testing.assert_array_equal(y, np.zeros((4, 1)))  # b's bias
    assert np.any(model.apply(params, state, jnp.ones((4, 2)))[0])  # nobody watches any more
    assert len(seen) == 3
