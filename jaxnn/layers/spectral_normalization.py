"""SpectralNormalization: keeps a layer from magnifying anything by more than about 1."""

from __future__ import annotations

from typing import Any

import jax
from jax import lax

from jaxnn import initializers, ops
from jaxnn.core import check
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.wrapper import Wrapper


@export("layers")
class SpectralNormalization(Wrapper):
    """A layer whose kernel is divided by its largest singular value σ before each training call: `kernel / σ`.

    σ is estimated as `v kernel uᵀ`: u and v are multiplied by the kernel and by its transpose in turn, and drift towards
    the singular vectors, step by step. As in Keras the quotient becomes the kernel: outside of pure functions and `fit`
    (whose optimiser moves the kernel as it was) a call with `training=True` changes the weight itself. A call with
    `training=False` takes the kernel as it is.

    Args:
        layer: has a `kernel` or `embeddings`.
        power_iterations: how many times u and v are multiplied, each call.

    Raises:
        ValueError: if the number isn't positive, and, when built, if the layer has neither.

    Example:
        >>> layer = SpectralNormalization(Dense(2, use_bias=False), power_iterations=20)
        >>> _ = layer(np.ones((1, 3)), training=True)
        >>> np.linalg.norm(layer.layer.kernel, ord=2).round(4)
        np.float32(1.0)

    Source: Miyato et al., arXiv:1802.05957, algorithm 1;
        https://keras.io/api/layers/normalization_layers/spectral_normalization/
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any):
        super().__init__(layer, **kwargs)
        if power_iterations <= 0:
            raise ValueError(
                f"{check.name_of(self)}: `power_iterations` should be greater than zero. Received: "
                f"power_iterations={power_iterations}."
            )
        self.power_iterations = power_iterations

    def build(self, input_shape: Any) -> None:
        """Builds the layer inside and makes u."""
        super().build(input_shape)
        self.input_spec = InputSpec(min_ndim=1)
        for name in ("kernel", "embeddings"):
            if hasattr(self.layer, name):
                self.kernel = getattr(self.layer, name)  # a weight of this layer, too: so it is in Keras's files
                break
        else:
            raise ValueError(
                f"{check.name_of(self)}: {check.name_of(self.layer)} object has no attribute 'kernel' nor 'embeddings'. "
                "Wrap a layer with weights that multiply, such as Dense or Conv2D."
            )
        self.vector_u = self.add_weight(
            (1, self.kernel.shape[-1]),
            initializers.TruncatedNormal(stddev=0.02),
            dtype=self.kernel.dtype,
            trainable=False,
            name="vector_u",
        )

    def call(self, inputs: Array, training: bool = False) -> Array:
        """The layer's outputs, its kernel divided by σ first if training."""
        if training:
            vector_u, kernel = self.normalized_weights()
            self.vector_u.assign(vector_u)
            self.kernel.assign(kernel)
        return ops.cast(self.layer(inputs), inputs.dtype)

    def normalized_weights(self) -> tuple[Array, Array]:
        """The next u, and the kernel divided by σ; a kernel of zeros stays, and so does its u."""
        kernel, vector_u = self.kernel.value, self.vector_u.value
        iterations = self.power_iterations
        return lax.cond((kernel == 0).all(), _unchanged, lambda u, w: _normalized(u, w, iterations), vector_u, kernel)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """That of the layer inside."""
        return self.layer.compute_output_shape(input_shape)


def _unchanged(u: Array, kernel: Array) -> tuple[Array, Array]:
    return u, kernel


def _normalized(u: Array, kernel: Array, iterations: int) -> tuple[Array, Array]:
    matrix = kernel.reshape(-1, kernel.shape[-1])
    for _ in range(iterations):
        v = ops.normalize(u @ matrix.T, axis=None)
        u = ops.normalize(v @ matrix, axis=None)
    u, v = jax.lax.stop_gradient((u, v))
    sigma = v @ matrix @ u.T
    return u, (kernel / sigma).reshape(kernel.shape)
