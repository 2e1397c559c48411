"""Initializers: what a weight holds before training. An initializer is a function of a shape and a dtype.

A random initializer gets its seed when it is made, as in Keras: `seed=None` draws one from Python's `random`, and from
then on the initializer gives the same values for the same shape, at each call. The values are computed on the host
(`threefry.py`), so that building a model compiles nothing. Inside a scope that has a key (`layer.init(key, ...)`), they
are drawn from that key by JAX, and so may be traced: `jax.vmap(init)(keys)` starts an ensemble.

Source: https://keras.io/api/layers/initializers/
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import random, threefry
from jaxnn.core import registry
from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.registry import export
from jaxnn.core.scope import current_scope
from jaxnn.core.seed import SeedGenerator, draw_seed, make_default_seed
from jaxnn.core.types import Array

__all__ = [
    "STFT", "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer",
    "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer", "RandomInitializer",
    "RandomNormal", "RandomUniform", "STFTInitializer", "TruncatedNormal", "VarianceScaling", "Zeros", "compute_fans",
    "constant", "deserialize", "get", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity",
    "lecun_normal", "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "serialize", "stft",
    "truncated_normal", "variance_scaling", "zeros",
]  # fmt: skip

_STDDEV_WITHIN_TWO = 0.87962566103423978  # of a standard normal that is cut off at two standard deviations


@export("initializers", also=("keras.Initializer",))
class Initializer:
    """The base class: `initializer(shape, dtype=None)` gives an array.

    Whatever has this signature is an initializer, a plain function too; the class adds configs and copies.

    Example:
        >>> class Halves(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return 0.5 * Ones()(shape, dtype)
        >>> Halves()((2,)).tolist()
        [0.5, 0.5]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Values of a shape.

        Raises:
            NotImplementedError: where a subclass does not say which.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: an Initializer must implement `__call__(shape, dtype=None)`."
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer of a config."""
        return cls(**config)

    def clone(self) -> Initializer:
        """Another of the same config. If it was made without a seed, its copy has a seed of its own."""
        return type(self).from_config(self.get_config())


# --- constants -------------------------------------------------------------------------------------------------------


@export("initializers", "zero")
class Zeros(Initializer):
    """Zeros. Example: `Dense(3, bias_initializer="zeros")`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Zeros of a shape."""
        return np.zeros(shape, _dtype(dtype))


@export("initializers", "one")
class Ones(Initializer):
    """Ones. Example: `add_weight((3,), initializer="ones")`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Ones of a shape."""
        return np.ones(shape, _dtype(dtype))


@export("initializers")
class Constant(Initializer):
    """The same number everywhere.

    Args:
        value: a number, or an array that can be broadcast to the shape.

    Example:
        >>> Constant(0.5)((2,)).tolist()
        [0.5, 0.5]
    """

    def __init__(self, value: Any = 0.0):
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """The value, of a shape."""
        if isinstance(self.value, jax.core.Tracer):
            return jnp.full(shape, self.value, _dtype(dtype))
        if isinstance(self.value, int | float | np.number) and self.value == 0:
            return np.zeros(shape, _dtype(dtype))  # its pages are the system's one page of zeros as yet
        return np.full(shape, self.value, _dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The value."""
        return {"value": registry.serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """The initializer of a config."""
        return cls(registry.deserialize_keras_object(config.get("value", 0.0)))


@export("initializers", "IdentityInitializer")
class Identity(Initializer):
    """The identity matrix, times a gain: gain on the diagonal, 0 elsewhere.

    Args:
        gain: the factor.

    Raises:
        ValueError: when called for another shape than a matrix's.

    Example:
        >>> Identity(2.0)((2, 3)).tolist()
        [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The matrix; it need not be square."""
        if len(shape) != 2:
            raise ValueError(
                f"Identity matrix initializer can only be used for 2D matrices. Received: shape={shape} of rank {len(shape)}."
            )
        return (self.gain * np.eye(*shape)).astype(_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The gain, unless it is 1: Keras writes an empty config here, and so loses other gains."""
        return {} if self.gain == 1.0 else {"gain": self.gain}


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
        dtype = _dtype(dtype)
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


# --- random ----------------------------------------------------------------------------------------------------------


class RandomInitializer(Initializer):
    """The base of the random ones: it settles the seed.

    Args:
        seed: an int; a `SeedGenerator` (other values at each call); the config of one; or None, which draws an int from
            Python's `random` now.

    Raises:
        ValueError: for any other seed.
    """

    def __init__(self, seed: int | SeedGenerator | dict | None = None):
        self._init_seed = seed
        if seed is None:
            seed = make_default_seed()
        elif isinstance(seed, dict):
            seed = registry.deserialize_keras_object(seed)
        elif not isinstance(seed, int | SeedGenerator):
            raise ValueError(
                "`seed` argument should be an instance of `keras.random.SeedGenerator()` or an integer. "
                f"Received: seed={seed}"
            )
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        """The seed as it was given: None stays None, so that a copy draws its own."""
        return {"seed": registry.serialize_keras_object(self._init_seed)}


@export("initializers", "normal")
class RandomNormal(RandomInitializer):
    """Normal numbers.

    Args:
        mean: of the numbers.
        stddev: their standard deviation.
        seed: see `RandomInitializer`.

    Example:
        >>> RandomNormal(stddev=1.0, seed=0)((2, 2)).shape
        (2, 2)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Numbers of a shape."""
        return _normal(shape, self.mean, self.stddev, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@export("initializers")
class TruncatedNormal(RandomInitializer):
    """Normal numbers, of which those further than two standard deviations from the mean are drawn again.

    Args:
        mean: of the numbers.
        stddev: the standard deviation before the cut; after it, 0.88 of that remains.
        seed: see `RandomInitializer`.

    Example:
        >>> bool(abs(TruncatedNormal(stddev=0.5, seed=0)((1000,))).max() < 1.0)
        True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None):
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Numbers of a shape."""
        return _normal(shape, self.mean, self.stddev, dtype, self.seed, truncated=True)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@export("initializers", "uniform")
class RandomUniform(RandomInitializer):
    """Numbers spread evenly over [minval, maxval).

    Args:
        minval: the lower bound, included.
        maxval: the upper bound, excluded.
        seed: see `RandomInitializer`.

    Example:
        >>> RandomUniform(-1.0, 1.0, seed=0)((2,)).dtype
        dtype('float32')
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None):
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Numbers of a shape."""
        return _uniform(shape, self.minval, self.maxval, dtype, self.seed)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


@export("initializers")
class VarianceScaling(RandomInitializer):
    """Numbers around 0 whose variance is scale / n, so that a layer's outputs keep the variance of its inputs.

    n is the number of inputs that a unit sums over ("fan_in"), the number of units that an input reaches ("fan_out"), or
    the mean of both ("fan_avg"). See `compute_fans`.

    Args:
        scale: above 0.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal" (or "normal"; cut off at two standard deviations, and widened so that the
            variance holds), "untruncated_normal" or "uniform".
        seed: see `RandomInitializer`.
        input_axes: the axes of the weight that count as inputs; None guesses them from its shape.
        output_axes: those that count as outputs.

    Raises:
        ValueError: for a scale that is not above 0, and for an unknown mode or distribution.

    Example:
        >>> bool(abs(VarianceScaling(3.0, distribution="uniform", seed=0)((9, 100))).max() <= 1.0)
        True

    Source: He et al., arXiv:1502.01852, section 2.2.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ):
        if scale <= 0.0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError(f"Invalid `mode` argument: {mode}. Please use 'fan_in', 'fan_out' or 'fan_avg'.")
        distribution = {"normal": "truncated_normal"}.get(distribution.lower(), distribution.lower())
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError(
                f"Invalid `distribution` argument: {distribution}. Please use 'uniform', 'truncated_normal' or "
                "'untruncated_normal'."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Numbers of a shape, scaled by it."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return _uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return _normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        return _normal(shape, 0.0, math.sqrt(variance) / _STDDEV_WITHIN_TWO, dtype, self.seed, truncated=True)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {name: getattr(self, name) for name in ("scale", "mode", "distribution", "input_axes", "output_axes")}
        return {**super().get_config(), **own}


class _FixedScaling(VarianceScaling):
    """A variance scaling whose scale, mode and distribution are its name."""

    _fixed: tuple[float, str, str]

    def __init__(
        self, seed: Any = None, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
    ):
        super().__init__(*self._fixed, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


@export("initializers")
class GlorotUniform(_FixedScaling):
    """Uniform within ±sqrt(6 / (fan_in + fan_out)); also called Xavier. The default of Dense and the convolutions.

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.

    Example:
        >>> bool(abs(GlorotUniform(seed=0)((2, 4))).max() <= 1.0)
        True

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), eq. 16.
    """

    _fixed = (1.0, "fan_avg", "uniform")


@export("initializers")
class GlorotNormal(_FixedScaling):
    """Truncated normal of variance 2 / (fan_in + fan_out).

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.
    Source: Glorot and Bengio (2010), eq. 12.
    """

    _fixed = (1.0, "fan_avg", "truncated_normal")


@export("initializers")
class LecunNormal(_FixedScaling):
    """Truncated normal of variance 1 / fan_in; for `selu`.

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.

    Example: `Dense(3, "selu", kernel_initializer="lecun_normal")`

    Source: Klambauer et al., arXiv:1706.02515, section 2.
    """

    _fixed = (1.0, "fan_in", "truncated_normal")


@export("initializers")
class LecunUniform(_FixedScaling):
    """Uniform within ±sqrt(3 / fan_in).

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.
    Source: LeCun et al., "Efficient BackProp" (1998), section 4.6.
    """

    _fixed = (1.0, "fan_in", "uniform")


@export("initializers")
class HeNormal(_FixedScaling):
    """Truncated normal of variance 2 / fan_in; for `relu`.

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.

    Example: `Dense(3, "relu", kernel_initializer="he_normal")`

    Source: He et al., arXiv:1502.01852, eq. 10.
    """

    _fixed = (2.0, "fan_in", "truncated_normal")


@export("initializers")
class HeUniform(_FixedScaling):
    """Uniform within ±sqrt(6 / fan_in); for `relu`.

    Args: `seed`, `input_axes`, `output_axes` as in `VarianceScaling`.

    Example: `Dense(3, "relu", kernel_initializer="he_uniform")`

    Source: He et al., arXiv:1502.01852, eq. 10.
    """

    _fixed = (2.0, "fan_in", "uniform")


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """How many inputs a unit sums over and how many units an input reaches, for a weight of this shape.

    Args:
        shape: a matrix's (inputs, units), or a convolution's (..., inputs, filters), whose leading axes count for both;
            a vector counts its length for both.
        input_axes: if given with `output_axes`: the axes whose product is the first number.
        output_axes: those whose product is the second.

    Example:
        >>> compute_fans((3, 3, 16, 32))
        (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(int(shape[i]) for i in input_axes), math.prod(int(shape[i]) for i in output_axes)
    sizes = [int(size) for size in shape]
    if len(sizes) < 2:
        return math.prod(sizes), math.prod(sizes)
    window = math.prod(sizes[:-2])
    return window * sizes[-2], window * sizes[-1]


@export("initializers", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal columns, or rows if there are fewer of them, times a gain.

    The Q of the QR decomposition of a matrix of normal numbers, its columns' signs set so that every such matrix is
    equally likely. A weight with more than two axes is the matrix (the others together, the last one).

    Args:
        gain: the factor.
        seed: see `RandomInitializer`.

    Raises:
        ValueError: when called for a shape with less than two axes.

    Example:
        >>> q = Orthogonal(seed=0)((3, 2))
        >>> (abs(q.T @ q).round(3)).tolist()
        [[1.0, 0.0], [0.0, 1.0]]

    Source: Saxe et al., arXiv:1312.6120, section 3.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None):
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """The matrix."""
        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize must be at least two-dimensional. "
                f"Received: shape={shape} of rank {len(shape)}."
            )
        dtype = _dtype(dtype)
        computed = dtype if dtype.itemsize > 2 else "float32"  # LAPACK has no half precision
        rows, columns = math.prod(shape[:-1]), shape[-1]
        a = _normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, computed, self.seed)
        if isinstance(a, np.ndarray):
            from scipy.linalg import qr  # the LAPACK that JAX calls on CPUs: NumPy's own rounds otherwise

            q, r = qr(a, mode="economic", overwrite_a=True, check_finite=False)
            q = q * np.sign(np.diag(r))
        else:
            q, r = jnp.linalg.qr(a)
            q = q * jnp.sign(jnp.diag(r))
        q = (q.T if rows < columns else q).reshape(tuple(shape))
        return (self.gain * q).astype(dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "gain": self.gain}


# --- drawing: on the host where that gives the same numbers, else by JAX ---------------------------------------------


def _uniform(shape: Sequence[int], low: Any, high: Any, dtype: Any, seed: Any) -> Array | np.ndarray:
    key, dtype = _key(seed), standardize_dtype(dtype)
    if threefry.usable(key, shape, dtype, low, high):
        return threefry.uniform(key, shape, low, high)
    return random.uniform(shape, low, high, dtype, jax.device_put(key))


def _normal(
    shape: Sequence[int], mean: Any, stddev: Any, dtype: Any, seed: Any, truncated: bool = False
) -> Array | np.ndarray:
    key, dtype = _key(seed), standardize_dtype(dtype)
    if not threefry.usable(key, shape, dtype, mean, stddev):
        draw = random.truncated_normal if truncated else random.normal
        return draw(shape, mean, stddev, dtype, jax.device_put(key))
    sample = (threefry.truncated_normal if truncated else threefry.normal)(key, shape)
    return np.asarray(sample * np.float32(stddev) + np.float32(mean))  # two roundings, as in `random.normal`


def _key(seed: int | SeedGenerator) -> Array | np.ndarray:
    """The key to draw from: the scope's, or the seed's own; an int's stays on the host."""
    scope = current_scope()
    key = None if scope is None else scope.draw_key()
    if key is not None:
        return key
    return np.array([seed & 0xFFFFFFFF, 0], np.uint32) if isinstance(seed, int) else draw_seed(seed)


def _dtype(dtype: Any) -> np.dtype:
    return jax.dtypes.canonicalize_dtype(standardize_dtype(dtype))


def _window(name: str, length: int, periodic: bool = False) -> np.ndarray:
    from scipy.signal import get_window

    return get_window(name, length, periodic)


# --- names -----------------------------------------------------------------------------------------------------------


def get(identifier: Any) -> Callable[..., Any] | None:
    """The initializer that a name, a config, a class or a function stands for; None stays None.

    Args:
        identifier: besides these, an array: the values themselves, for a weight of exactly its shape.

    Raises:
        ValueError: for an unknown name, or something that is none of these.

    Example:
        >>> type(get("he_normal")).__name__
        'HeNormal'
    """
    if isinstance(identifier, jax.Array | np.ndarray | np.generic):
        return _given(identifier)
    return registry.get("initializers", identifier)


def _given(values: Array | np.ndarray) -> Callable[..., Any]:
    def initialize_fn(shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        if tuple(shape) != tuple(values.shape):
            raise ValueError(
                f"Expected `shape` to be {values.shape} for direct tensor as initializer. Received shape={shape}"
            )
        # a copy: a weight may be updated in the memory it was given
        return values.astype(_dtype(dtype)) if isinstance(values, jax.Array) else np.array(values, _dtype(dtype))

    return initialize_fn


def serialize(initializer: Any) -> Any:
    """The config of an initializer."""
    return registry.serialize("initializers", initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer of a config or a name."""
    return registry.deserialize("initializers", config, custom_objects)


constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = IdentityInitializer = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
stft = STFTInitializer = STFT
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros
