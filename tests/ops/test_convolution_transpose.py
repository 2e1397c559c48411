"""Transposed convolution: values by hand, its law, both ways of computing it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import ops
from jaxnn.core.graph import KerasTensor
from jaxnn.ops import convolution_ways
from jaxnn.ops.convolution_ways import Form

RNG = np.random.default_rng(0)


def drawn(*shape):
    return jnp.asarray(RNG.normal(size=shape), "float32")


def test_overlaps_are_added_by_hand():
    x, kernel = jnp.array([1.0, 2.0]).reshape(1, 2, 1), jnp.array([1.0, 10.0, 100.0]).reshape(3, 1, 1)

    def painted(**kwargs):
        return ops.conv_transpose(x, kernel, **kwargs)[0, :, 0].tolist()

    assert painted() == [1, 12, 120, 200]
    assert painted(strides=2) == [1, 10, 102, 20, 200]
    assert painted(strides=2, output_padding=1) == [1, 10, 102, 20, 200, 0]
    assert painted(strides=2, padding="same") == [1, 10, 102, 20]
    assert painted(dilation_rate=2) == [1, 2, 10, 20, 100, 200]


def test_it_is_the_transpose():
    """⟨conv(x), y⟩ = ⟨x, transposed(y)⟩."""
    x, kernel = drawn(2, 9, 7, 3), drawn(3, 2, 3, 4)
    y = ops.conv(x, kernel, strides=(2, 1))
    other = drawn(*y.shape)
    back = ops.conv_transpose(other, kernel, strides=(2, 1))
    np.testing.assert_allclose(jnp.vdot(y, other), jnp.vdot(x, back), rtol=1e-4)  # sums of some hundred terms


FORMS = [
    (Form((2, 2), ((0, 0), (0, 0)), (1, 1), 1, "channels_last"), (9, 8)),
    (Form((2, 1), ((1, 0), (0, 1)), (1, 1), 1, "channels_last"), (8, 4)),
    (Form((1, 1), ((1, 1), (0, 0)), (2, 1), 1, "channels_first"), (6, 4)),
    (Form((3, 3), ((0, -1), (0, -2)), (1, 1), 1, "channels_last"), (13, 10)),  # with output padding
]


@pytest.mark.parametrize(("form", "sizes"), FORMS)
@pytest.mark.parametrize(("block", "unrolled"), [(2**20, 4), (2000, 4), (2000, 1)], ids=["whole", "blocks", "map"])
def test_patches_are_xla_transposes(form, sizes, block, unrolled, monkeypatch):
    monkeypatch.setattr(convolution_ways, "_BLOCK", block)
    monkeypatch.setattr(convolution_ways, "_UNROLLED", unrolled)
    kernel = drawn(3, 2, 5, 3)
    forward = jax.eval_shape(
        lambda y: convolution_ways._by_xla(y, kernel, form),
        jax.ShapeDtypeStruct((4, *sizes, 5) if form.data_format == "channels_last" else (4, 5, *sizes), "float32"),
    )
    x, results = drawn(*forward.shape), []
    settings = convolution_ways._Spread(form, sizes)
    for way in (convolution_ways._spread_by_patches, convolution_ways._spread_by_xla):
        y, back = jax.vjp(lambda x, k, way=way: way(x, k, settings), x, kernel)
        results.append((y, *back(jnp.cos(jnp.arange(y.size, dtype="float32").reshape(y.shape)))))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=3e-5)  # sums of up to 200 terms near 1, in another order


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="must match the kernel's input channels: 3; got inputs with 2"):
        ops.conv_transpose(drawn(1, 5, 2), drawn(2, 4, 3))
    with pytest.raises(
        ValueError, match=r"The `padding` argument must be one of 'valid', 'same'\. Received: padding=full"
    ):
        ops.conv_transpose(drawn(1, 5, 3), drawn(2, 4, 3), padding="full")
    with pytest.raises(ValueError, match="A kernel with 1 spatial axes needs inputs with as many; got inputs with 2"):
        ops.conv_transpose(drawn(1, 5, 5, 3), drawn(2, 4, 3))


def test_unknown_sizes_stay_unknown():
    kernel = np.ones((3, 3, 4, 2), "float32")
    assert ops.conv_transpose(KerasTensor((None, None, 9, 2)), kernel, strides=2).shape == (None, None, 19, 4)
    with pytest.raises(ValueError, match="must match the kernel's input channels"):
        ops.conv_transpose(KerasTensor((None, None, 9, 3)), kernel)
