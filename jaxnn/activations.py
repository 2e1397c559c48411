"""Activation functions: what a layer does to each of its sums, or to a row of them.

Without one, layers on top of each other are one affine map. A squashing one (sigmoid, tanh) is flat at its ends, so its
gradient fades from layer to layer; the rectifiers (relu and its kin) keep a slope of 1 on one side. `softmax` makes a
row of scores a distribution.

Layers take a function, a name such as "relu", or None for `linear`. All of them work on arrays and on KerasTensors.

Source: https://keras.io/api/layers/activations/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxnn import ops
from jaxnn.core import registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.activation import mish as _mish
from jaxnn.ops.activation import re_lu as _re_lu

_export = registry.export

# --- rectifiers ------------------------------------------------------------------------------------------------------


@_export("activations")
def relu(x: ArrayLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Array:
    """The rectified linear unit, `max(x, 0)`: the usual choice of hidden layers.

    The gradient is 1 above 0 and 0 at and below it, so it neither fades nor grows on its way back. With options:
    `max_value` above it, `x` above the threshold, `negative_slope (x - threshold)` below.

    Args:
        x: the input.
        negative_slope: the slope below the threshold.
        max_value: the largest result; None is no limit.
        threshold: below it the unit is off.

    Shape: any → the same.

    Example:
        >>> relu(np.array([-2.0, 0.0, 3.0])).tolist()
        [0.0, 0.0, 3.0]

    Source: Nair and Hinton, ICML 2010.
    """
    if negative_slope == 0.0 and max_value is None and threshold == 0.0:
        return ops.relu(x)
    return _re_lu(x, negative_slope=negative_slope, max_value=max_value, threshold=threshold)


@_export("activations")
def relu6(x: ArrayLike) -> Array:
    """`min(max(x, 0), 6)`: a rectifier that low-precision numbers can hold.

    Shape: any → the same. Source: Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010.
    """
    return ops.relu6(x)


@_export("activations")
def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> Array:
    """`x` for x ≥ 0, else `negative_slope x`: a unit that is off still learns.

    Where the slope is learned too, it is the layer PReLU.

    Args:
        x: the input.
        negative_slope: between 0 and 1.

    Shape: any → the same.

    Example:
        >>> leaky_relu(np.array([-2.0, 3.0]), negative_slope=0.5).tolist()
        [-1.0, 3.0]

    Source: Maas, Hannun and Ng, ICML 2013.
    """
    return ops.leaky_relu(x, negative_slope=negative_slope)


@_export("activations")
def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """The exponential linear unit: `x` for x > 0, else `alpha (e^x - 1)`.

    Args:
        x: the input.
        alpha: the depth of the negative side, which tends to -alpha.

    Shape: any → the same. Source: arXiv:1511.07289, equation 15.
    """
    return ops.elu(x, alpha=alpha)


@_export("activations")
def selu(x: ArrayLike) -> Array:
    """The scaled exponential linear unit: `λ x` for x > 0, else `λ α (e^x - 1)`.

    α = 1.6732632423543772848 and λ = 1.0507009873554804934 are the numbers for which inputs of mean 0 and variance 1
    give outputs of mean 0 and variance 1. They need weights that start as `lecun_normal`, and AlphaDropout.

    Shape: any → the same. Source: arXiv:1706.02515, equations 2 and 14.
    """
    return ops.selu(x)


@_export("activations")
def celu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """`x` for x > 0, else `alpha (e^(x / alpha) - 1)`: an elu whose slope is continuous for every alpha.

    Shape: any → the same. Source: arXiv:1704.07483, equation 2.
    """
    return ops.celu(x, alpha=alpha)


@_export("activations")
def softplus(x: ArrayLike) -> Array:
    """`ln(1 + e^x)`: a rectifier with a round corner, the sum of many shifted sigmoids; its slope is the sigmoid.

    Shape: any → the same. Source: Dugas et al., NIPS 2000.
    """
    return ops.softplus(x)


@_export("activations")
def squareplus(x: ArrayLike, b: float = 4) -> Array:
    """`(x + √(x² + b)) / 2`: a rectifier with a round corner and no exponential.

    Args:
        x: the input.
        b: how round the corner is; 0 is relu.

    Shape: any → the same. Source: arXiv:2112.11687.
    """
    return ops.squareplus(x, b=b)


@_export("activations")
def sparse_plus(x: ArrayLike) -> Array:
    """0 for x ≤ -1, `(x + 1)² / 4` up to 1, `x` above: a softplus that is 0 on one side. Shape: any → the same."""
    return ops.sparse_plus(x)


# --- gates: x times something between 0 and 1 --------------------------------------------------------------------------


@_export("activations", "swish", also=("keras.activations.swish",))
def silu(x: ArrayLike) -> Array:
    """`x sigmoid(x)`, also called swish: smooth, with a dip of -0.28 at x = -1.28.

    Shape: any → the same. Source: arXiv:1710.05941.
    """
    return ops.silu(x)


swish = silu


@_export("activations")
def gelu(x: ArrayLike, approximate: bool = False) -> Array:
    """`x Φ(x)`, Φ(x) = (1 + erf(x / √2)) / 2 the normal distribution: what transformers use.

    Args:
        x: the input.
        approximate: compute `0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))` instead.

    Shape: any → the same. Source: arXiv:1606.08415.
    """
    return ops.gelu(x, approximate=approximate)


@_export("activations")
def mish(x: ArrayLike) -> Array:
    """`x tanh(ln(1 + e^x))`. Shape: any → the same. Source: arXiv:1908.08681."""
    return _mish(x)


@_export("activations", "hard_swish", also=("keras.activations.hard_swish",))
def hard_silu(x: ArrayLike) -> Array:
    """0 for x ≤ -3, `x` for x ≥ 3, `x (x + 3) / 6` between: silu in straight and square pieces.

    Shape: any → the same. Source: arXiv:1905.02244, section 5.2.
    """
    return ops.hard_silu(x)


hard_swish = hard_silu


@_export("activations")
def glu(x: ArrayLike, axis: int = -1) -> Array:
    """The gated linear unit `a sigmoid(b)`, a and b the two halves of x along an axis.

    Shape: (..., 2 n) → (..., n). Source: arXiv:1612.08083, equation 1.
    """
    return ops.glu(x, axis=axis)


# --- squashing -------------------------------------------------------------------------------------------------------


@_export("activations")
def sigmoid(x: ArrayLike) -> Array:
    """`1 / (1 + e^-x)`, between 0 and 1: the probability of a yes.

    Its slope is at most 1/4 (at 0), and vanishes at both ends.

    Shape: any → the same.

    Example:
        >>> float(sigmoid(0.0))
        0.5
    """
    return ops.sigmoid(x)


@_export("activations")
def tanh(x: ArrayLike) -> Array:
    """`(e^x - e^-x) / (e^x + e^-x)`, between -1 and 1, with slope 1 at 0. Shape: any → the same."""
    return ops.tanh(x)


@_export("activations")
def hard_sigmoid(x: ArrayLike) -> Array:
    """0 for x ≤ -3, 1 for x ≥ 3, `x / 6 + 1/2` between. (Keras 2 had the slope 1/5.) Shape: any → the same."""
    return ops.hard_sigmoid(x)


@_export("activations")
def sparse_sigmoid(x: ArrayLike) -> Array:
    """0 for x ≤ -1, 1 for x ≥ 1, `(x + 1) / 2` between. Shape: any → the same. Source: arXiv:1901.02324."""
    return ops.sparse_sigmoid(x)


@_export("activations")
def log_sigmoid(x: ArrayLike) -> Array:
    """`ln(1 / (1 + e^-x))`, without overflow. Shape: any → the same."""
    return ops.log_sigmoid(x)


@_export("activations")
def hard_tanh(x: ArrayLike) -> Array:
    """-1 for x < -1, 1 for x > 1, `x` between. Shape: any → the same."""
    return ops.hard_tanh(x)


@_export("activations")
def softsign(x: ArrayLike) -> Array:
    """`x / (1 + |x|)`, between -1 and 1; it nears its ends slowly. Shape: any → the same."""
    return ops.softsign(x)


# --- thresholds ------------------------------------------------------------------------------------------------------


@_export("activations")
def threshold(x: ArrayLike, threshold: float, default_value: float) -> Array:
    """`x` above the threshold, else `default_value`. Shape: any → the same."""
    return ops.threshold(x, threshold, default_value)


@_export("activations")
def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """`x` where |x| > threshold, else 0. Shape: any → the same."""
    return ops.hard_shrink(x, threshold=threshold)


@_export("activations")
def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """`x` moved towards 0 by the threshold, and 0 where |x| ≤ threshold. Shape: any → the same."""
    return ops.soft_shrink(x, threshold=threshold)


@_export("activations")
def tanh_shrink(x: ArrayLike) -> Array:
    """`x - tanh(x)`. Shape: any → the same."""
    return ops.tanh_shrink(x)


# --- along a row -----------------------------------------------------------------------------------------------------


@_export("activations")
def softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> Array:
    """`e^x / Σ e^x` along an axis: positive numbers that add up to 1, the probabilities of the classes.

    Args:
        x: scores (logits).
        axis: where the classes are; several axes are taken together.

    Shape: any → the same.

    Example:
        >>> float(softmax(np.array([0.0, np.log(3.0)], np.float32))[0])  # 1 / (1 + 3)
        0.25
    """
    return ops.softmax(x, axis=axis)


@_export("activations")
def log_softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> Array:
    """`x - ln Σ e^x` along an axis: the logarithm of softmax, without overflow. Shape: any → the same."""
    return ops.log_softmax(x, axis=axis)


@_export("activations")
def sparsemax(x: ArrayLike, axis: int = -1) -> Array:
    """`max(x - τ, 0)`, τ such that a row adds up to 1: a softmax that gives zeros.

    It is the distribution nearest to x. (Keras 3.15 gives rows that don't add up to 1: keras issue 23425.)

    Shape: any → the same. Source: arXiv:1602.02068, algorithm 1.
    """
    return ops.sparsemax(x, axis=axis)


# --- no change, or growth --------------------------------------------------------------------------------------------


@_export("activations")
def linear(x: ArrayLike) -> Any:
    """`x`, just as it is. Shape: any → the same."""
    return x


@_export("activations")
def exponential(x: ArrayLike) -> Array:
    """`e^x`. Shape: any → the same."""
    return ops.exp(x)


# --- by name ---------------------------------------------------------------------------------------------------------


def get(identifier: Any) -> Callable:
    """The function that an argument `activation=...` means.

    Args:
        identifier: None (`linear`), a name, a config, a function, or a layer.

    Raises:
        ValueError: for an unknown name, and for what can't be called.

    Example:
        >>> get("relu") is relu, get(None) is linear
        (True, True)
    """
    if identifier is None:
        return linear
    found = identifier if callable(identifier) else registry.get("activations", identifier)
    if not callable(found):
        raise ValueError(f"Could not interpret activation function identifier: {identifier}")
    return found


def serialize(activation: Any) -> Any:
    """How a config names an activation: one of ours by its bare name, a user's function or a layer by a config.

    Raises:
        ValueError: for what is neither a function nor has a config.

    Example:
        >>> serialize(relu)
        'relu'
    """
    if not callable(activation):
        raise ValueError(
            f"Unknown activation function '{activation}' cannot be serialized. Use a function of `keras.activations`, "
            "or one registered with @keras.saving.register_keras_serializable()."
        )
    return registry.serialize("activations", activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation that `serialize` wrote.

    Args:
        config: a name or a config.
        custom_objects: names that mean the caller's functions.

    Raises:
        ValueError: for an unknown name.
    """
    return registry.deserialize("activations", config, custom_objects)
