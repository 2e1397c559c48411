"""Separable convolutions: windows for every channel on its own, then a mixture of all at each place."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core.layer import default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array
from jaxnn.layers.convolution_base import Convolutional
from jaxnn.ops.convolution import conv_output_shape


class SeparableConvolution(Convolutional):
    """`activation(separable convolution(x, kernels) + bias)`; what the layers of one and two spatial axes have in common.

    A window of k entries over c channels with f filters costs k · c · f products a place as a convolution; here it's
    (k + f) · c.

    Args:
        filters: the number of output channels.
        kernel_size: the window; an int, or one for every spatial axis.
        strides: how far it goes from place to place.
        padding: "valid" stays inside the inputs; "same" puts zeros around them, for `ceil(size / strides)` places.
        data_format: "channels_last", "channels_first", or None for the global setting.
        dilation_rate: the distance of the window's neighbouring entries.
        depth_multiplier: the number of windows of every channel.
        activation: a name or function; None is linear.
        use_bias: whether to add a bias to every filter.
        depthwise_initializer, pointwise_initializer, bias_initializer: how the weights start.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        depthwise_constraint, pointwise_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        `(batch, *sizes, channels)` → `(batch, *places, filters)`; depthwise kernel `(*kernel_size, channels,
        depth_multiplier)`, pointwise kernel `(1, ..., channels * depth_multiplier, filters)`. With "channels_first" the
        channels stand behind the batch.

    Raises:
        ValueError: for a number that isn't positive, an unknown padding, and a window that has no place in the inputs.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.depth_multiplier = self._positive("depth_multiplier", depth_multiplier)
        self.filters = self._positive("filters", filters)
        self._take_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._take_outputs(activation, use_bias)
        self._take_weights(
            depthwise_initializer=depthwise_initializer,
            pointwise_initializer=pointwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Makes both kernels and the bias for the number of channels."""
        channels = self._fix_channels(input_shape)
        self.compute_output_shape(input_shape)  # says so where the window has no place
        windows = (channels, self.depth_multiplier)
        mixture = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.depthwise_kernel = self._weight("depthwise_kernel", (*self.kernel_size, *windows), "depthwise")
        self.pointwise_kernel = self._weight("pointwise_kernel", mixture, "pointwise")
        self.bias = self._weight("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: Array) -> Array:
        """`activation(separable convolution(inputs, kernels) + bias)`."""
        form = (self.strides, self.padding, self.data_format, self.dilation_rate)
        return self._finish(ops.separable_conv(inputs, self.depthwise_kernel, self.pointwise_kernel, *form))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """As many places along every spatial axis as the window has."""
        form = (self.strides, self.padding, self.data_format, self.dilation_rate)
        return conv_output_shape(input_shape, self.filters, self.kernel_size, *form)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **signature_config(self, SeparableConvolution)}


@export("layers", also=("keras.layers.SeparableConvolution1D",))
class SeparableConv1D(SeparableConvolution):
    """`SeparableConvolution` along one axis: `(batch, steps, channels)` → `(batch, places, filters)`.

    Example:
        >>> SeparableConv1D(32, 3, activation="relu")(np.ones((4, 10, 12))).shape
        (4, 8, 32)

    Source: https://keras.io/api/layers/convolution_layers/separable_convolution1d/
    """

    rank = 1


@export("layers", also=("keras.layers.SeparableConvolution2D",))
class SeparableConv2D(SeparableConvolution):
    """`SeparableConvolution` of images: `(batch, height, width, channels)` → `(batch, rows, columns, filters)`.

    Example:
        >>> SeparableConv2D(32, 3, strides=2, padding="same")(np.ones((4, 28, 28, 12))).shape
        (4, 14, 14, 32)

    Source: Chollet, arXiv:1610.02357; https://keras.io/api/layers/convolution_layers/separable_convolution2d/
    """

    rank = 2


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
