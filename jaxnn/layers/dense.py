"""Dense: the affine layer of the documents, `activation(x W + b)`."""

from __future__ import annotations

from typing import Any

from jaxnn import activations, constraints, initializers, ops, regularizers
from jaxnn.core import check
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.lora import LowRankTunable


@export("layers")
class Dense(LowRankTunable):
    """Affine map of the last axis, then an activation: `activation(x @ kernel + bias)`.

    Args:
        units: the size of the output's last axis.
        activation: a name or function; None is linear.
        use_bias: whether to add a bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied to the weights after each update.
        lora_rank, lora_alpha: if given, the kernel is frozen and tuned through two thin matrices (`enable_lora`).
        quantization_config: must be None.

    Shape:
        `(..., features)` → `(..., units)`; kernel `(features, units)`, bias `(units,)`.

    Raises:
        ValueError: if `units` is not a positive integer, or the input's last axis is unknown.

    Example:
        >>> Dense(4, activation="relu")(np.ones((2, 3))).shape
        (2, 4)

    Source: https://keras.io/api/layers/core_layers/dense/
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units, self.use_bias = check.positive_int(self, "units", units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._take_lora(lora_rank, lora_alpha, quantization_config)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias for the size of the last axis."""
        features = check.known_axis(self, input_shape, -1)
        self._kernel = self.add_weight(
            (features, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})
        if self.lora_rank:
            self.enable_lora(self.lora_rank, lora_alpha=self.lora_alpha)

    @property
    def kernel(self) -> Any:
        """The matrix W; with LoRA, the sum that counts."""
        return self._large_weight()

    def call(self, inputs: Array, training: bool | None = None) -> Array:
        """`activation(inputs @ kernel + bias)`."""
        outputs = ops.dense(inputs, self.kernel, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The input's shape with `units` last."""
        return (*input_shape[:-1], self.units)
