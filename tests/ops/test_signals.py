"""Fourier transforms, patches, windows, complex numbers and bits: values by hand, there and back, messages."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import ops
from jaxnn.core.graph import KerasTensor
from jaxnn.core.variable import Variable

RNG = np.random.default_rng(0)


def test_a_wave_has_one_frequency():
    wave = np.cos(2 * np.pi * 3 * np.arange(16) / 16).astype("float32")
    real, imag = ops.rfft(wave)
    np.testing.assert_allclose(real, 8.0 * (np.arange(9) == 3), atol=1e-5)  # float32 sums of 16 numbers
    np.testing.assert_allclose(imag, 0.0, atol=1e-5)


def test_transforms_are_numpys_and_come_back():
    x = RNG.normal(size=(2, 4, 8)).astype("float32")
    zeros = np.zeros_like(x)
    expected = np.fft.fft2(x)
    real, imag = ops.fft2((x, zeros))
    np.testing.assert_allclose(np.asarray(real) + 1j * np.asarray(imag), expected, atol=1e-5)  # float32 against float64
    np.testing.assert_allclose(ops.ifft2((real, imag))[0], x, atol=1e-6)
    np.testing.assert_allclose(ops.irfft(ops.rfft(x)), x, atol=1e-6)


@pytest.mark.parametrize("window", ["hann", "hamming"])
def test_a_signal_comes_back_from_its_short_time_transform(window):
    x = RNG.normal(size=(2, 32)).astype("float32")
    again = ops.istft(ops.stft(x, 8, 2, 8, window), 8, 2, 8, length=32, window=window)
    np.testing.assert_allclose(again, x, atol=1e-5)  # overlaps are added and divided in float32


def test_pieces_of_signals_are_exact():
    assert ops.extract_sequences(np.array([1.0, np.inf, 2.0]), 2, 1).tolist() == [[1.0, np.inf], [np.inf, 2.0]]
    assert ops.extract_sequences(KerasTensor((None, None)), 4, 2).shape == (None, None, 4)
    assert ops.stft(KerasTensor((None, None)), 4, 2, 6)[0].shape == (None, None, 4)


def test_folding_counts_every_patch_that_covers_a_pixel():
    x = RNG.normal(size=(1, 2, 5, 6)).astype("float32")
    covered = ops.fold(ops.unfold(np.ones_like(x), (2, 3), 1, 1, (1, 2)), (5, 6), (2, 3), 1, 1, (1, 2))
    folded = ops.fold(ops.unfold(x, (2, 3), 1, 1, (1, 2)), (5, 6), (2, 3), 1, 1, (1, 2))
    np.testing.assert_allclose(folded, x * np.asarray(covered), rtol=1e-6)  # sums of equal numbers


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_depth_comes_back_from_space(data_format):
    x = RNG.normal(size=(2, 4, 4, 8)).astype("float32")
    once = ops.depth_to_space(x, 2, data_format)
    np.testing.assert_array_equal(ops.space_to_depth(once, 2, data_format), x)


def test_window_functions_take_no_symbolic_length():
    with pytest.raises(TypeError, match="Hanning operation does not support symbolic tensors"):
        ops.hanning(KerasTensor((), "int32"))
    assert ops.hanning(np.int32(1)).tolist() == [1.0]


def test_parts_of_complex_numbers_come_back():
    pairs = RNG.normal(size=(3, 2)).astype("float32")
    numbers = ops.view_as_complex(pairs)
    np.testing.assert_array_equal(ops.view_as_real(numbers), pairs)
    size, angle = ops.absolute(numbers), ops.angle(numbers)
    np.testing.assert_allclose(ops.polar(size, angle), numbers, rtol=1e-5)  # a cosine, a root and a product


def test_bits_come_back():
    x = RNG.normal(size=(2, 4)).astype("float32")
    np.testing.assert_array_equal(ops.view(ops.view(x, "uint8"), "float32"), x)
    assert ops.view(KerasTensor((None, 4)), "float16").shape == (None, 8)
    assert ops.view(KerasTensor((2, None)), "uint8").shape == (2, None)
    with pytest.raises(ValueError, match="not divisible by the new itemsize"):
        ops.view(KerasTensor((2, 3), "uint8"), "float32")
    with pytest.raises(ValueError, match="Cannot view a scalar"):
        ops.view(KerasTensor((), "uint8"), "float32")


def test_vectorized_functions_take_variables():
    function = ops.vectorize(lambda row: row.sum(), signature="(n)->()")
    assert function(Variable(np.ones((2, 3), "float32"))).tolist() == [3.0, 3.0]
    with pytest.raises(ValueError, match="`pyfunc` to be a callable"):
        ops.vectorize(3)


def test_float_inputs_may_stand_for_indices():
    x = KerasTensor((None, 5))
    assert ops.take(np.zeros((7, 2)), x, axis=0).shape == (None, 5, 2)
    assert ops.bitwise_and(x, 1).dtype == "int32"
    assert ops.ldexp(x, KerasTensor((5,))).shape == (None, 5)
    assert ops.in_top_k(KerasTensor((None,)), x, 2).shape == (None,)


def test_sizes_that_one_argument_knows_are_those_of_the_others():
    unknown, known = KerasTensor((None, 5)), KerasTensor((3, 4))
    assert ops.concatenate([unknown, known], axis=1).shape == (3, 9)
    assert ops.hstack([unknown, known]).shape == (3, 9)
    assert ops.vstack([KerasTensor((2, None)), known]).shape == (5, 4)
    assert ops.dstack([KerasTensor((None,)), KerasTensor((1, 3))]).shape == (1, 3, 2)
    assert ops.inner(KerasTensor((2, None)), known).shape == (2, 3)
    assert ops.dot(KerasTensor((2, None)), known).shape == (2, 4)
    assert ops.tensordot(KerasTensor((None, 3)), known, axes=1).shape == (None, 4)
    assert ops.einsum("b...i,ij->b...j", KerasTensor((None, 7, None)), known).shape == (None, 7, 4)
    assert ops.linspace(unknown, np.zeros(5), 3, axis=-1).shape == (None, 5, 3)
    assert ops.take_along_axis(KerasTensor((None, 3, 3)), KerasTensor((1, 3, None)), axis=1).shape == (None, 3, 3)


def test_known_sizes_that_differ_are_told():
    with pytest.raises(ValueError, match="must agree in all other axes"):
        ops.concatenate([KerasTensor((None, 3, 5)), KerasTensor((None, 4, 6))], axis=1)
    with pytest.raises(ValueError, match=r"subscript|dimension"):
        ops.einsum("ijk,jk->ik", KerasTensor((None, 3)), KerasTensor((3, 4)))


def test_reshape_takes_a_shape_that_is_computed():
    assert ops.reshape(KerasTensor((None, 20)), KerasTensor((2,), "int32")).shape == (None, None)
    assert ops.reshape(np.arange(6), jnp.array([2, -1])).shape == (2, 3)


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [
        (ValueError, lambda: ops.fft(np.zeros(3)), "tuple of two tensors - real and imaginary"),
        (ValueError, lambda: ops.fft((np.zeros(3), np.zeros(4))), "parts should have the same shape"),
        (ValueError, lambda: ops.fft2((np.zeros(3), np.zeros(3))), "rank >= 2"),
        (ValueError, lambda: ops.irfft((np.zeros(3, int), np.zeros(3, int))), "not of type float.*Cast them"),
        (TypeError, lambda: ops.stft(np.zeros(8, int), 4, 2, 4), "Expected `float32` or `float64`"),
        (ValueError, lambda: ops.stft(np.zeros(8), 4, 0, 4), "`sequence_stride` must be a positive integer"),
        (ValueError, lambda: ops.stft(np.zeros(8), 4, 2, 3), "`fft_length` must equal or larger"),
        (ValueError, lambda: ops.stft(np.zeros(8), 4, 2, 4, "best"), "must be one of"),
        (ValueError, lambda: ops.stft(np.zeros(8), 4, 2, 4, np.ones(3)), "shape of `window` must be equal"),
        (ValueError, lambda: ops.unfold(np.zeros((3, 3)), 2), "must be a 4D tensor"),
        (ValueError, lambda: ops.fold(np.zeros((1, 5, 4)), 3, 2), "must be divisible by kernel_size product"),
        (ValueError, lambda: ops.depth_to_space(np.zeros((1, 2, 2, 3)), 2), "must be divisible by block_size"),
        (ValueError, lambda: ops.space_to_depth(np.zeros((1, 3, 2, 3)), 2), "Height .3. must be divisible"),
        (ValueError, lambda: ops.space_to_depth(np.zeros((2, 2)), 2), "requires a 4D input"),
        (ValueError, lambda: ops.space_to_depth(np.zeros((1, 2, 2, 1)), 1), "`block_size` must be at least 2"),
        (ValueError, lambda: ops.view_as_complex(np.zeros(3)), "Last dimension of input must be size 2"),
        (ValueError, lambda: ops.cdist(np.zeros(3), np.zeros(3)), "must have rank >= 2"),
        (ValueError, lambda: ops.cdist(np.zeros((1, 3)), np.zeros((1, 2))), "Last dimension of inputs"),
        (ValueError, lambda: ops.correlate(np.zeros(3), np.zeros((1, 2))), "`x2` must be a 1-dimensional"),
        (ValueError, lambda: ops.correlate(np.zeros(3), np.zeros(2), "best"), "`mode` must be either"),
        (TypeError, lambda: ops.ldexp(np.ones(2), np.ones(2)), "exponent must be an integer type.*Cast it"),
        (TypeError, lambda: ops.fabs(np.array([1j])), "does not support complex.*Use `absolute`"),
        (ValueError, lambda: ops.argpartition(np.zeros(3), (1, 2)), "kth must be an integer"),
        (TypeError, lambda: ops.array_split(np.zeros(3), [1]), "must be of type `int`"),
        (ValueError, lambda: ops.array_split(np.zeros(3), 0), "must be a positive integer"),
        (TypeError, lambda: ops.array_split(np.zeros(3), 1, 0.0), "Argument `axis` must be of type `int`"),
        (ValueError, lambda: ops.hsplit(np.zeros(()), 1), "`hsplit` only works on arrays of at least 1"),
        (ValueError, lambda: ops.vsplit(np.zeros(2), 1), "`vsplit` only works on arrays of at least 2"),
        (ValueError, lambda: ops.dsplit(np.zeros((2, 2)), 1), "`dsplit` only works on arrays of at least 3"),
        (ValueError, lambda: ops.fliplr(np.zeros(2)), "2 or more dimensions"),
        (ValueError, lambda: ops.flipud(np.zeros(())), "1 or more dimensions"),
        (ValueError, lambda: ops.vander(np.zeros((2, 2))), "must be 1-dimensional"),
        (TypeError, lambda: ops.vander(np.zeros(2), 2.0), "`N` must be of type `int`"),
        (ValueError, lambda: ops.vander(np.zeros(2), -1), "must be nonnegative"),
        (TypeError, lambda: ops.vander(np.zeros(2), increasing=1), "`increasing` must be of type `bool`"),
        (ValueError, lambda: ops.cholesky_inverse(np.zeros((2, 3))), "Expected a square matrix"),
        (ValueError, lambda: ops.pinv(np.zeros(3)), "rank >= 2"),
        (ValueError, lambda: ops.segment_min(np.zeros(3), np.zeros(2, int)), "should have same leading dimension"),
        (ValueError, lambda: ops.segment_prod(np.zeros(3), np.zeros(3, int)), "`num_segments` must be set"),
        (ValueError, lambda: ops.slice(np.zeros(3), (0, 0), (1,)), "in `start_indices` must match.* in `inputs`"),
        (ValueError, lambda: ops.transpose(np.zeros((2, 2)), (0, 5)), "must be an integer in .-2, 2"),
        (ValueError, lambda: ops.get_item(KerasTensor((None, 5)), (0, 7)), "out of bounds for axis 1"),
        (ValueError, lambda: ops.get_item(KerasTensor((None, 5)), (0, 1, 2)), "more than its 2 axes"),
    ],
)
def test_mistakes_are_told(error, call, message):
    with pytest.raises(error, match=message):
        call()
