import numpy as np
import pytest

from jaxnn import layers
from jaxnn.layers.einsum_dense import read_equation


@pytest.mark.parametrize(
    ("equation", "input_shape", "output_shape", "bias_axes", "kernel", "bias", "output"),
    [
        ("ab,b->a", (2, 32), (), None, (32,), None, (2,)),
        ("ab,bc->ac", (2, 32), (64,), "c", (32, 64), (64,), (2, 64)),
        ("abc,cde->abde", (2, 1, 2), (1, 3, 4), "de", (2, 3, 4), (3, 4), (2, 1, 3, 4)),
        ("abc,cde->abde", (2, 1, 2), (1, 3, 4), "d", (2, 3, 4), (3, 1), (2, 1, 3, 4)),
        ("abc,cde->abde", (2, 1, 2), (1, 3, 4), "be", (2, 3, 4), (1, 1, 4), (2, 1, 3, 4)),
        ("abc,cd->abd", (None, 5, 2), (None, 4), "d", (2, 4), (4,), (None, 5, 4)),
        ("abc,cd->abd", (None, None, 2), (None, 4), "d", (2, 4), (4,), (None, None, 4)),
        ("...b,bc->...c", (2, 5, 7, 32), (64,), "c", (32, 64), (64,), (2, 5, 7, 64)),
        ("ab...,bc->ac...", (2, 32, 5, 7), (64,), "c", (32, 64), (64, 1, 1), (2, 64, 5, 7)),
    ],
)
def test_an_equation_tells_all_shapes(equation, input_shape, output_shape, bias_axes, kernel, bias, output):
    shapes = read_equation("layer", equation, input_shape, output_shape, bias_axes)
    assert (shapes.kernel, shapes.bias, shapes.output) == (kernel, bias, output)


def test_einsum_dense_can_be_dense():
    x = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    dense, einsum = layers.Dense(3, "tanh"), layers.EinsumDense("ab,bc->ac", 3, "tanh", bias_axes="c")
    dense.build((None, 6)), einsum.build((None, 6))
    einsum.set_weights(dense.get_weights())
    np.testing.assert_allclose(einsum(x), dense(x), rtol=1e-6)


def test_attention_heads_by_hand():
    layer = layers.EinsumDense("abc,cde->abde", (None, 2, 2))
    layer.build((None, 1, 1))
    layer.set_weights([np.array([[[1.0, 2.0], [3.0, 4.0]]])])
    np.testing.assert_array_equal(layer(np.array([[[10.0]]])), [[[[10.0, 20.0], [30.0, 40.0]]]])


def test_initializers_count_the_axes_that_are_summed():
    # 1,000 inputs of 4 outputs: he_normal has variance 2/1000, whatever the order of the kernel's axes
    layer = layers.EinsumDense("ab,cb->ac", 4, kernel_initializer="he_normal")
    layer.build((None, 1000))
    assert 0.0018 < np.var(layer.kernel.numpy()) < 0.0022  # 4,000 draws: the variance is known to 2 %


@pytest.mark.parametrize(
    ("equation", "output_shape", "bias_axes", "message"),
    [
        ("ab->ab", 3, None, "Invalid einsum equation 'ab->ab'. Equations must be in the form"),
        ("ab,cd->ad", 3, None, "Weight dimension 'c' did not have a match"),
        ("ab,bc->ad", 3, None, "Dimension 'd' was specified in the output"),
        ("ab,bc->ac", 3, "d", "Bias dimension 'd' was requested"),
        ("ab,bc->ac", (3, 4), None, "doesn't fit an input of shape"),
        ("abc,cd->ad", 3, None, "doesn't fit|incompatible"),
        ("ab,bc->abc", (5, 3), None, "do not match at shared dimension 'b'. Input shape is 6, and output shape is 5"),
    ],
)
def test_a_wrong_equation_says_what_is_wrong(equation, output_shape, bias_axes, message):
    with pytest.raises(ValueError, match=message):
        layers.EinsumDense(equation, output_shape, bias_axes=bias_axes).build((None, 6))
