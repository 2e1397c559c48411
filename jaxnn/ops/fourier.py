"""Fourier transforms. A complex array is a pair of arrays of floats: its real and its imaginary parts.

Source: https://keras.io/api/ops/fft/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.complex_numbers import complex_of
from jaxnn.ops.core import tensor
from jaxnn.ops.patches import windows_along

Pair = tuple[Array, Array]

# --- whole signals ---------------------------------------------------------------------------------------------------


@op
def fft(x: Sequence[ArrayLike]) -> Pair:
    """The discrete Fourier transform along the last axis, X[k] = Σ_n x[n] e^(-2πikn/N).

    Args:
        x: the real and the imaginary parts, both (..., N).

    Returns:
        The real and the imaginary parts, both (..., N).

    Raises:
        ValueError: if x is no pair of floats of the same shape.

    Example:
        >>> [part.tolist() for part in fft((np.float32([1, 0, 0, 0]), np.zeros(4, np.float32)))]
        [[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    """
    return _parts(jnp.fft.fft(_complex("fft", x, 1)))


@op
def fft2(x: Sequence[ArrayLike]) -> Pair:
    """The discrete Fourier transform along the last two axes. Arguments as `fft`, of shape (..., M, N)."""
    return _parts(jnp.fft.fft2(_complex("fft2", x, 2)))


@op
def ifft2(x: Sequence[ArrayLike]) -> Pair:
    """What `fft2` turns into x: x[n] = 1/N Σ_k X[k] e^(2πikn/N) along each of the last two axes.

    Example:
        >>> image = np.float32([[1, 2], [3, 4]])
        >>> ifft2(fft2((image, np.zeros((2, 2), np.float32))))[0].tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    return _parts(jnp.fft.ifft2(_complex("ifft2", x, 2)))


@op
def rfft(x: ArrayLike, fft_length: int | None = None) -> Pair:
    """`fft` of real numbers: the first half of the frequencies, as the others are their conjugates.

    Args:
        x: (..., N), floats.
        fft_length: x is cut or filled with zeros to this length; None is N.

    Returns:
        The real and the imaginary parts, both (..., fft_length // 2 + 1).

    Raises:
        ValueError: if x has no axis.

    Example:
        >>> [part.tolist() for part in rfft(np.float32([1, 0, -1, 0]))]
        [[0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]
    """
    x = tensor(x)
    if x.ndim < 1:
        raise ValueError(f"rfft: Input should have rank >= 1. Received: input.shape = {x.shape}")
    return _parts(jnp.fft.rfft(x, n=fft_length, axis=-1))


@op
def irfft(x: Sequence[ArrayLike], fft_length: int | None = None) -> Array:
    """The real numbers that `rfft` turns into x.

    Args:
        x: the real and the imaginary parts, both (..., K).
        fft_length: the length of the result; None is 2 (K - 1), which is even.

    Example:
        >>> irfft(rfft(np.float32([1, 2, 3, 4]))).tolist()
        [1.0, 2.0, 3.0, 4.0]
    """
    return jnp.fft.irfft(_complex("irfft", x, 1), n=fft_length, axis=-1)


# --- pieces of signals -----------------------------------------------------------------------------------------------


@op
def extract_sequences(x: ArrayLike, sequence_length: int, sequence_stride: int) -> Array:
    """The pieces of a signal, one every `sequence_stride` samples. Shape: (..., samples) → (..., pieces, sequence_length).

    Raises:
        ValueError: if x has no axis.

    Example:
        >>> extract_sequences(np.arange(5), 3, 2).tolist()
        [[0, 1, 2], [2, 3, 4]]
    """
    x = tensor(x)
    if x.ndim < 1:
        raise ValueError(f"extract_sequences: Input should have rank >= 1. Received: input.shape = {x.shape}")
    return windows_along(x, -1, sequence_length, sequence_stride)


@op
def stft(
    x: ArrayLike,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: str | ArrayLike | None = "hann",
    center: bool = True,
) -> Pair:
    """The short-time Fourier transform: `rfft` of the pieces of a signal, each faded in and out.

    Args:
        x: (..., samples), float32 or float64.
        sequence_length: of a piece, in samples.
        sequence_stride: from piece to piece, in samples.
        fft_length: pieces are filled with zeros on both sides to this length.
        window: the weights of a piece: "hann", "hamming", (sequence_length,) numbers, or None for 1.
        center: whether the first piece's middle is the first sample; the signal is mirrored beyond its ends.

    Returns:
        The real and the imaginary parts, both (..., pieces, fft_length // 2 + 1).

    Raises:
        TypeError: for another dtype.
        ValueError: for a stride that is no positive int, a shorter `fft_length`, an unknown window or one of another length.

    Example:
        >>> [part.shape for part in stft(np.zeros(16, np.float32), 4, 2, 8)]
        [(9, 5), (9, 5)]
    """
    _check_stride(sequence_stride)
    x = tensor(x)
    if x.dtype not in ("float32", "float64"):
        raise TypeError(
            f"Invalid input type. Expected `float32` or `float64`. Received: input type={x.dtype}. Cast it."
        )
    if fft_length < sequence_length:
        raise ValueError(
            "`fft_length` must equal or larger than `sequence_length`. Received: "
            f"sequence_length={sequence_length}, fft_length={fft_length}"
        )
    weights = _window(window, sequence_length, fft_length, x.dtype)
    if center:
        x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(fft_length // 2, fft_length // 2)], mode="reflect")
    _, _, transformed = jax.scipy.signal.stft(
        x,
        window=weights,  # type: ignore[arg-type]  # an array is fine, says jax.scipy's own text
        nperseg=fft_length,
        noverlap=fft_length - sequence_stride,
        nfft=fft_length,
        boundary=None,
        padded=False,
    )
    # SciPy divides by the window's sum; the order in which Keras undoes it decides the last bit
    return _parts(jnp.swapaxes(transformed / jnp.sqrt(1.0 / weights.sum() ** 2), -2, -1))


@op
def istft(
    x: Sequence[ArrayLike],
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: str | ArrayLike | None = "hann",
    center: bool = True,
) -> Array:
    """The signal whose `stft` is x, or comes closest to it, by overlapping and adding.

    Args:
        x: the real and the imaginary parts, both (..., pieces, fft_length // 2 + 1).
        sequence_length: as given to `stft`.
        sequence_stride: as given to `stft`.
        fft_length: as given to `stft`.
        length: the result is cut to so many samples.
        window: as given to `stft`; for None the result is divided by the stride, as in Keras.
        center: as given to `stft`.

    Shape: → (..., samples).

    Raises:
        ValueError: as `stft`; if x is no pair of floats of the same shape, with two axes or more.

    Example:
        >>> wave = np.sin(np.arange(16, dtype=np.float32))
        >>> bool(jnp.allclose(istft(stft(wave, 4, 2, 8), 4, 2, 8), wave, atol=1e-5))
        True
    """
    _check_stride(sequence_stride)
    pieces = _complex("istft", x, 2)
    weights = _window(window, sequence_length, fft_length, jnp.real(pieces).dtype)
    _, signal = jax.scipy.signal.istft(
        pieces,
        window=weights,  # type: ignore[arg-type]  # an array is fine, says jax.scipy's own text
        nperseg=fft_length,
        noverlap=fft_length - sequence_stride,
        nfft=fft_length,
        boundary=False,
        time_axis=-2,
        freq_axis=-1,
    )
    signal = signal / (sequence_stride if window is None else weights.sum())
    start = fft_length // 2 if center else 0
    if length is not None:
        return signal[..., start : start + length]
    return signal[..., start : signal.shape[-1] - start if center else None]


# --- helpers ---------------------------------------------------------------------------------------------------------


def _complex(who: str, x: Any, ndim: int) -> Array:
    """The complex numbers of a pair of parts, which have at least `ndim` axes."""
    if not isinstance(x, tuple | list) or len(x) != 2:
        raise ValueError(
            f"{who}: Input `x` should be a tuple of two tensors - real and imaginary. Received: x={x}. Give zeros for "
            "the imaginary parts of real numbers."
        )
    real, imag = (tensor(part) for part in x)
    if real.ndim < ndim:
        raise ValueError(f"{who}: Input should have rank >= {ndim}. Received: input.shape = {real.shape}")
    return complex_of(who, real, imag)


def _parts(x: Array) -> Pair:
    return jnp.real(x), jnp.imag(x)


def _check_stride(stride: Any) -> None:
    if not isinstance(stride, int) or stride <= 0:
        raise ValueError(f"`sequence_stride` must be a positive integer. Received: sequence_stride={stride}")


def _window(window: Any, sequence_length: int, fft_length: int, dtype: Any) -> Array:
    """The weights of a piece, with zeros on both sides. Named windows are periodic: one sample of a longer one is left out."""
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise ValueError(
                f'If a string is passed to `window`, it must be one of `"hann"`, `"hamming"`. Received: window={window}'
            )
        from scipy.signal import get_window  # jax.scipy.signal needs it, too

        window = get_window(window, sequence_length)
    if window is None:
        return jnp.ones(fft_length, dtype)
    weights = jnp.asarray(window, dtype)
    if weights.shape != (sequence_length,):
        raise ValueError(
            f"The shape of `window` must be equal to [sequence_length]. Received: window shape={weights.shape} and "
            f"sequence_length={sequence_length}"
        )
    before = (fft_length - sequence_length) // 2
    return jnp.pad(weights, (before, fft_length - sequence_length - before))
