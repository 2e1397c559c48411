"""STFTSpectrogram: sounds as spectrograms, by convolutions whose kernels can be trained."""

from __future__ import annotations

import math
import warnings
from typing import Any

import jax.numpy as jnp

from jaxnn import initializers, ops
from jaxnn.core import check
from jaxnn.core import config as settings
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.types import Array

MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


@export("layers")
class STFTSpectrogram(Layer):
    """The short-time Fourier transform of each channel, computed as two convolutions: with windowed cosines, and sines.

    The kernels are weights and trained with the rest, unless `trainable=False`.

    Args:
        mode: what is given of the complex numbers. "real" and "imag": their parts; "stft": both, one after the other;
            "angle": the phase, in radians; "magnitude": sqrt(re^2 + im^2); "log": its natural logarithm; "psd": the power,
            twice that but for the first and last frequency.
        frame_length: samples of a frame.
        frame_step: samples from frame to frame; None is half a frame.
        fft_length: of the transform, best a power of two; None is the smallest of them that holds a frame.
        window: the name of one of `scipy.signal.windows`, its values, or None for none.
        periodic: whether a named window is periodic instead of symmetric.
        scaling: of the window: "density", "spectrum" or None.
        padding: "valid", or "same": as many frames as the time has steps.
        expand_dims: an image a channel instead of one behind the other.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, time, channels)` → `(batch, frames, channels * frequencies)`, or `(batch, frames, frequencies, channels)`
        if expanded; channels first: `(batch, channels * frequencies, frames)`, `(batch, channels, frames, frequencies)`.
        There are `fft_length // 2 + 1` frequencies, twice as many in mode "stft".

    Raises:
        ValueError: for a step, a length, a mode, a scaling, a padding or a window that doesn't exist.
        TypeError: when called, for inputs that aren't floats.

    Example:
        >>> STFTSpectrogram(frame_length=8, fft_length=16)(np.ones((2, 32, 1))).shape
        (2, 7, 9)

    Source: https://keras.io/api/layers/preprocessing_layers/audio_preprocessing/stft_spectrogram/
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.mode, self.frame_length, self.frame_step, self.fft_length = mode, frame_length, frame_step, fft_length
        self.window, self.periodic, self.scaling, self.padding = window, periodic, scaling, padding
        self.expand_dims, self.data_format = expand_dims, settings.standardize_data_format(data_format)
        self._check_arguments()
        self._frame_step = frame_step or frame_length // 2
        self._fft_length = fft_length or 2 ** math.ceil(math.log2(frame_length))
        self._kernel("real")  # an unknown window is told now
        self.input_spec = InputSpec(ndim=3)

    def _check_arguments(self) -> None:
        who = check.name_of(self)
        if self.frame_step is not None and not 1 <= self.frame_step <= self.frame_length:
            raise ValueError(
                f"{who}: `frame_step` should be a positive integer not greater than `frame_length`. Received "
                f"frame_step={self.frame_step}, frame_length={self.frame_length}"
            )
        if self.fft_length is not None and self.fft_length < self.frame_length:
            raise ValueError(
                f"{who}: `fft_length` should be not less than `frame_length`. Received fft_length={self.fft_length}, "
                f"frame_length={self.frame_length}"
            )
        if self.fft_length is not None and self.fft_length.bit_count() != 1:
            warnings.warn(
                f"{who}: `fft_length` is recommended to be a power of two. Received fft_length={self.fft_length}",
                stacklevel=3,
            )
        if self.mode not in MODES:
            raise ValueError(
                f"{who}: Output mode is invalid, it must be one of {', '.join(MODES)}. Received: mode={self.mode}"
            )
        if self.scaling not in (None, "density", "spectrum"):
            raise ValueError(
                f"{who}: Scaling is invalid, it must be `None`, 'density' or 'spectrum'. Received scaling={self.scaling}"
            )
        if self.padding not in ("valid", "same"):
            raise ValueError(
                f"{who}: Padding is invalid, it should be 'valid', 'same'. Received: padding={self.padding}"
            )

    def _kernel(self, side: str) -> initializers.STFT:
        return initializers.STFT(side, self.window, self.scaling, self.periodic)

    def build(self, input_shape: Any) -> None:
        """Makes the kernels that the mode needs."""
        shape = (self.frame_length, 1, self._fft_length // 2 + 1)
        for side in ("real", "imag"):
            if self.mode not in ("real", "imag") or self.mode == side:
                setattr(self, f"{side}_kernel", self.add_weight(shape, self._kernel(side), name=f"{side}_kernel"))

    def call(self, inputs: Array) -> Array:
        """The spectrograms."""
        if not jnp.issubdtype(inputs.dtype, jnp.floating):
            raise TypeError(
                f"{check.name_of(self)}: Invalid input type. Expected `float16`, `float32`, `float64` or `bfloat16`. "
                f"Received: input type={inputs.dtype}"
            )
        real, imag = (self._convolve(inputs, side) for side in ("real", "imag"))
        if self.mode in ("real", "imag"):
            return self._arranged(real if imag is None else imag)
        if self.mode == "angle":
            return self._arranged(jnp.arctan2(imag, real))
        if self.mode == "stft":
            return self._arranged(jnp.concatenate([real, imag], axis=2))
        power = jnp.square(real) + jnp.square(imag)
        if self.mode == "psd":
            return self._arranged(power + jnp.pad(power[:, :, 1:-1], [(0, 0), (0, 0), (1, 1), (0, 0)]))
        magnitude = self._arranged(jnp.sqrt(jnp.maximum(power, settings.epsilon())))
        return magnitude if self.mode == "magnitude" else jnp.log(jnp.maximum(magnitude, settings.epsilon()))

    def _convolve(self, inputs: Array, side: str) -> Any:
        """(batch, channels, frequencies, frames): each channel is an example of its own; None if the mode has no kernel."""
        kernel = getattr(self, f"{side}_kernel", None)
        if kernel is None:
            return None
        last = self.data_format == "channels_last"
        signals = inputs.swapaxes(1, 2) if last else inputs
        batch, channels, time = signals.shape
        outputs = ops.conv(
            signals.reshape((batch * channels, time, 1) if last else (batch * channels, 1, time)),
            kernel.value.astype(inputs.dtype),
            strides=self._frame_step,
            padding=self.padding,
            data_format=self.data_format,
        )
        outputs = outputs.swapaxes(1, 2) if last else outputs
        return outputs.reshape(batch, channels, *outputs.shape[1:])

    def _arranged(self, x: Array) -> Array:
        """From (batch, channels, frequencies, frames) to the output's axes."""
        if self.expand_dims:
            return x.transpose((0, 3, 2, 1) if self.data_format == "channels_last" else (0, 1, 3, 2))
        x = x.reshape(x.shape[0], x.shape[1] * x.shape[2], x.shape[3])
        return x.swapaxes(1, 2) if self.data_format == "channels_last" else x

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """As *Shape* above says."""
        last = self.data_format == "channels_last"
        batch, time, channels = (input_shape[i] for i in ((0, 1, 2) if last else (0, 2, 1)))
        bands = (self._fft_length // 2 + 1) * (2 if self.mode == "stft" else 1)
        rest = 0 if self.padding == "same" else self.frame_length - 1
        frames = None if time is None else -(-(time - rest) // self._frame_step)
        if self.expand_dims:
            return (batch, frames, bands, channels) if last else (batch, channels, frames, bands)
        return (batch, frames, channels * bands) if last else (batch, channels * bands, frames)
