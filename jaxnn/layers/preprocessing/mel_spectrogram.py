"""MelSpectrogram: sounds as the power of a few dozen bands that are as wide as the ear's."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.preprocessing.data_layer import DataLayer

BREAK_FREQUENCY = 700.0  # Hz
HIGH_FREQUENCY_Q = 1127.0


@export("layers")
class MelSpectrogram(DataLayer):
    """The short-time Fourier transform's magnitudes, summed up in bands that are equally wide on the mel scale.

    mel(f) = 1127 ln(1 + f / 700 Hz). With `power_to_db` the output is in decibels: 10 log10(power / ref_power).

    Args:
        fft_length: samples of a transform.
        sequence_stride: samples from frame to frame.
        sequence_length: samples of a frame, the rest of the transform is zeros; None is `fft_length`.
        window: "hann", "hamming", an array of `sequence_length`, or None for none.
        sampling_rate: samples a second.
        num_mel_bins: how many bands.
        min_freq: where they begin, in Hz.
        max_freq: where they end; None is half the sampling rate.
        power_to_db: whether the output is in decibels.
        top_db: what is further below the largest value is raised to there, in decibels.
        mag_exp: of the magnitudes: 1, or 2 for power.
        min_power: what is below counts as this, before the logarithm.
        ref_power: the power of 0 decibels.

    Shape:
        `(samples,)` → `(num_mel_bins, frames)`; `(batch, samples)` → `(batch, num_mel_bins, frames)`, with a frame every
        `sequence_stride` samples from the first on.

    Raises:
        ValueError: if a frame is longer than a transform.

    Example:
        >>> layer = MelSpectrogram(num_mel_bins=64, sampling_rate=8000, sequence_stride=256, fft_length=2048)
        >>> layer(np.zeros(16000)).shape
        (64, 63)

    Source: https://keras.io/api/layers/preprocessing_layers/audio_preprocessing/mel_spectrogram/; the mel scale is that of
        the HTK book, section 5.4
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.fft_length, self.sequence_stride = fft_length, sequence_stride
        self.sequence_length = sequence_length or fft_length
        if fft_length < self.sequence_length:
            raise ValueError(
                f"{check.name_of(self)}: `fft_length` must be greater than or equal to `sequence_length`. Received: "
                f"`sequence_length`={self.sequence_length}, `fft_length`={fft_length}."
            )
        self.window, self.sampling_rate, self.num_mel_bins = window, sampling_rate, num_mel_bins
        self.min_freq, self.max_freq = min_freq, max_freq or int(sampling_rate / 2)
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power
        self._build_at_init()

    def call(self, inputs: Array) -> Array:
        """The spectrograms."""
        dtype = self.compute_dtype if self.compute_dtype in ("float32", "float64") else "float32"
        real, imag = ops.stft(
            inputs.astype(dtype), self.sequence_length, self.sequence_stride, self.fft_length, window=self.window
        )
        magnitudes = jnp.power(jnp.sqrt(jnp.square(real) + jnp.square(imag)), self.mag_exp)
        matrix = self.linear_to_mel_weight_matrix(
            self.num_mel_bins, magnitudes.shape[-1], self.sampling_rate, self.min_freq, self.max_freq
        )
        bands = jnp.tensordot(magnitudes, matrix.astype(dtype), axes=1)
        bands = self._decibels(bands) if self.power_to_db else bands
        return bands.swapaxes(-1, -2).astype(self.compute_dtype)

    def _decibels(self, power: Array) -> Array:
        db = 10.0 * jnp.log10(jnp.maximum(power, self.min_power))
        db = db - 10.0 * jnp.log10(jnp.maximum(jnp.abs(jnp.asarray(self.ref_power, db.dtype)), self.min_power))
        return jnp.maximum(db, db.max() - self.top_db)

    def linear_to_mel_weight_matrix(
        self,
        num_mel_bins: int = 20,
        num_spectrogram_bins: int = 129,
        sampling_rate: float = 8000,
        lower_edge_hertz: float = 125.0,
        upper_edge_hertz: float = 3800.0,
        dtype: str = "float32",
    ) -> Array:
        """How much each frequency counts for each band: triangles of height 1, overlapping by halves on the mel scale.

        Args:
            num_mel_bins: how many bands.
            num_spectrogram_bins: how many frequencies, from 0 to half the sampling rate.
            sampling_rate: samples a second.
            lower_edge_hertz: where the first band begins.
            upper_edge_hertz: where the last one ends.
            dtype: of the result.

        Returns:
            A `(num_spectrogram_bins, num_mel_bins)` matrix; frequency 0 counts for none.
        """
        lower, upper, half = (jnp.asarray(x, dtype) for x in (lower_edge_hertz, upper_edge_hertz, sampling_rate / 2.0))
        mels = _mel(jnp.linspace(jnp.zeros((), dtype), half, num_spectrogram_bins)[1:])[:, None]
        edges = jnp.linspace(_mel(lower), _mel(upper), num_mel_bins + 2)
        begin, middle, end = edges[:-2], edges[1:-1], edges[2:]
        rising, falling = (mels - begin) / (middle - begin), (end - mels) / (end - middle)
        return jnp.pad(jnp.maximum(0, jnp.minimum(rising, falling)), [(1, 0), (0, 0)])

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """`(..., num_mel_bins, frames)`."""
        *batch, samples = input_shape
        frames = None if samples is None else (samples + self.sequence_stride + 1) // self.sequence_stride
        return (*batch, self.num_mel_bins, frames)


def _mel(hertz: Array) -> Array:
    return HIGH_FREQUENCY_Q * jnp.log(1.0 + hertz / BREAK_FREQUENCY)
