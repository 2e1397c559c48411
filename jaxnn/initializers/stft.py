"""The kernel with which a convolution is a short-time Fourier transform."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxnn.core.registry import export
from jaxnn.initializers.initializer import Initializer, weight_dtype


@export("initializers", "STFTInitializer")
class STFT(Initializer):
    """Kernels of a convolution that computes a short-time Fourier transform: windowed cosines, or sines.

    kernel[t, 0, f] = window[t] * cos(-2 pi t f / n) / scale, with n the length of the transform; the imaginary side has
    sines. Used by `STFTSpectrogram`.

    Args:
        side: "real" (cosines) or "imag" (sines).
        window: the name of a window in `scipy.signal.windows`, its values, or None for none.
        scaling: divide by the window's root of summed squares ("density"), by its sum of magnitudes ("spectrum"), or
            not (None).
        periodic: whether a named window is periodic (for spectra) instead of symmetric.

    Shape: called with (frame length, 1, n / 2 + 1).

    Raises:
        ValueError: for an unknown side, window or scaling; when called, if the window has another length than the frame.

    Example:
        >>> STFT("real", window=None)((2, 1, 3)).round(3).tolist()
        [[[1.0, 1.0, 1.0]], [[1.0, -0.0, -1.0]]]
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ):
        if side not in ("real", "imag"):
            raise ValueError(f"STFT: `side` should be 'real' or 'imag'; got {side!r}.")
        if scaling not in (None, "density", "spectrum"):
            raise ValueError(f"STFT: `scaling` is invalid, it must be None, 'density' or 'spectrum'; got {scaling!r}.")
        if isinstance(window, str):
            _window(window, 1)  # raises for an unknown name
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The kernels."""
        frames, _, bands = shape
        dtype = weight_dtype(dtype)
        time = np.arange(frames, dtype=dtype).reshape(frames, 1, 1)
        frequency = np.arange(bands, dtype=dtype).reshape(1, 1, bands) / dtype.type(2 * (bands - 1))
        angle = dtype.type(-2) * time * frequency * dtype.type(math.pi)
        kernel = np.cos(angle) if self.side == "real" else np.sin(angle)
        if self.window is None:
            return kernel
        window = _window(self.window, frames, self.periodic) if isinstance(self.window, str) else self.window
        window = np.asarray(window).astype(dtype)
        if window.shape != (frames,):
            raise ValueError(
                f"The shape of `window` must be equal to [frame_length]. Received: window shape={window.shape}, "
                f"frame_length={frames}."
            )
        kernel = kernel * window.reshape(frames, 1, 1)
        if self.scaling == "density":
            return kernel / np.sqrt(np.sum(np.square(window)))
        return kernel / np.sum(np.abs(window)) if self.scaling == "spectrum" else kernel

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"side": self.side, "window": self.window, "periodic": self.periodic, "scaling": self.scaling}


def _window(name: str, length: int, periodic: bool = False) -> np.ndarray:
    from scipy.signal import get_window

    return get_window(name, length, periodic)


stft = STFTInitializer = STFT
