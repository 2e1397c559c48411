"""Row B2: dl/dw is a forward pass, dz/dw, times a backward pass, dl/dz, which is a network run in reverse.

Source: D3 (003_01e2b52696f5cb58), "Backpropagation": case I the output layer, case II any other.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, activations, layers, losses
from jaxnn.core import pure

SIZES = [2, 3, 4, 2]  # two inputs and two outputs, as in the pictures
LOSSES = {"sigmoid": "binary_crossentropy", "softmax": "categorical_crossentropy"}
RANDOM = np.random.RandomState(1)
X = RANDOM.randn(5, 2).astype("float32")
Y = np.eye(2, dtype="float32")[[0, 1, 1, 0, 1]]
CLOSE = {"rtol": 1e-4, "atol": 1e-6}  # float32 through three layers, summed over five samples


class Net:
    """Affine layers whose z can be seen, with an activation after each: sigmoids, and `end` after the last."""

    def __init__(self, end):
        self.affine = [layers.Dense(n) for n in SIZES[1:]]
        self.activations = [activations.sigmoid, activations.sigmoid, activations.get(end)]
        self.loss = losses.get(LOSSES[end])
        for layer, inputs in zip(self.affine, SIZES, strict=False):
            layer.build((None, inputs))
            layer.set_weights([RANDOM.randn(inputs, layer.units), RANDOM.randn(layer.units)])
        self.inputs, self.zs, a = [], [], X  # the forward pass: what each affine layer gets and gives
        for layer, activation in zip(self.affine, self.activations, strict=True):
            self.inputs.append(a)
            self.zs.append(layer(a))
            a = activation(self.zs[-1])

    def cost_from(self, i, z):
        """The loss as a function of layer i's z."""
        for layer, activation in zip([*self.affine[i + 1 :], None], self.activations[i:], strict=True):
            a = activation(z)
            z = None if layer is None else layer(a)
        return jnp.sum(self.loss(Y, a))


def case_i(net):
    """dl/dz of the output layer: dy/dz from its activation alone, dl/dy from the loss alone."""
    y, pull = jax.vjp(net.activations[-1], net.zs[-1])
    (dz,) = pull(jax.grad(lambda y: jnp.sum(net.loss(Y, y)))(y))
    return dz


def reversed_network(net):
    """The same kernels transposed, in reverse order, no bias; each neuron amplifies by the slope seen on the way in."""
    dz = case_i(net)
    backward = [dz]
    for layer, z in zip(net.affine[:0:-1], net.zs[-2::-1], strict=True):
        transposed = layers.Dense(layer.kernel.shape[0], use_bias=False)
        transposed.build((None, layer.units))
        transposed.set_weights([layer.kernel.numpy().T])
        dz = activations.sigmoid(z) * (1 - activations.sigmoid(z)) * transposed(dz)  # case II
        backward.insert(0, dz)
    return backward


@pytest.mark.parametrize("end", LOSSES)
def test_b2_case_i_needs_the_output_layer_and_the_loss_only(end):
    net = Net(end)
    y = net.activations[-1](net.zs[-1])
    # worked out on paper: y - t; Keras's binary loss is the mean over the two outputs
    np.testing.assert_allclose(case_i(net), (y - Y) / 2 if end == "sigmoid" else y - Y, atol=1e-6)


@pytest.mark.parametrize("end", LOSSES)
def test_b2_case_ii_the_reversed_network_gives_dl_dz_of_every_layer(end):
    net = Net(end)
    for i, dz in enumerate(reversed_network(net)):
        np.testing.assert_allclose(dz, jax.grad(lambda z, i=i: net.cost_from(i, z))(net.zs[i]), **CLOSE)


@pytest.mark.parametrize("end", LOSSES)
def test_b2_the_product_of_the_two_passes_is_the_gradient(end):
    net = Net(end)
    stack = [
        part for layer, f in zip(net.affine, net.activations, strict=True) for part in (layer, layers.Activation(f))
    ]
    model = Sequential([layers.Input((2,)), *stack])
    params, state = pure.take(model)
    gradient = jax.grad(lambda p: jnp.sum(net.loss(Y, model.apply(p, state, X)[0])))(params)
    products = []
    for x, dz in zip(net.inputs, reversed_network(net), strict=True):
        products += [np.einsum("ni,nj->ij", x, dz), np.sum(dz, axis=0)]  # dz/dw is the input; dz/db is 1
    for path, product in zip(params, products, strict=True):
        np.testing.assert_allclose(gradient[path], product, **CLOSE)


def test_b2_dz_dw_is_the_input_of_that_weight():
    neuron = layers.Dense(1)
    neuron.build((None, 2))
    for x in X:
        slopes = jax.grad(lambda p, x=x: neuron.apply(p, {}, x[None])[0][0, 0])(pure.take(neuron)[0])
        np.testing.assert_array_equal(slopes["kernel"][:, 0], x)  # dz/dw1 = x1, dz/dw2 = x2
        np.testing.assert_array_equal(slopes["bias"], [1])
