"""Depthwise convolutions: every channel has windows of its own, and channels don't mix."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.layer import default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array
from jaxnn.layers.convolution_base import Convolutional
from jaxnn.ops.convolution import conv_output_shape


class DepthwiseConvolution(Convolutional):
    """`activation(depthwise convolution(x, kernel) + bias)`; what the layers of one and two spatial axes have in common.

    Args:
        kernel_size: the window; an int, or one for every spatial axis.
        strides: how far it goes from place to place.
        padding: "valid" stays inside the inputs; "same" puts zeros around them, for `ceil(size / strides)` places.
        depth_multiplier: the number of outputs of every channel.
        data_format: "channels_last", "channels_first", or None for the global setting.
        dilation_rate: the distance of the window's neighbouring entries.
        activation: a name or function; None is linear.
        use_bias: whether to add a bias to every output channel.
        depthwise_initializer, bias_initializer: how the weights start.
        depthwise_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        depthwise_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        `(batch, *sizes, channels)` → `(batch, *places, channels * depth_multiplier)`; kernel `(*kernel_size, channels,
        depth_multiplier)`. With "channels_first" the channels stand behind the batch.

    Raises:
        ValueError: for a number that isn't positive, an unknown padding, and a window that has no place in the inputs.
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.depth_multiplier = self._positive("depth_multiplier", depth_multiplier)
        self._take_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._take_outputs(activation, use_bias)
        self._take_weights(
            depthwise_initializer=depthwise_initializer,
            bias_initializer=bias_initializer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
        )

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias for the number of channels."""
        channels = self._fix_channels(input_shape)
        self.compute_output_shape(input_shape)  # says so where the window has no place
        self.kernel = self._weight("kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise")
        self.bias = self._weight("bias", (channels * self.depth_multiplier,)) if self.use_bias else None

    def call(self, inputs: Array) -> Array:
        """`activation(depthwise convolution(inputs, kernel) + bias)`."""
        form = (self.strides, self.padding, self.data_format, self.dilation_rate)
        return self._finish(ops.depthwise_conv(inputs, self.kernel, *form))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """As many places along every spatial axis as the window has."""
        form = (self.strides, self.padding, self.data_format, self.dilation_rate)
        filters = check.known_axis(self, input_shape, self._channel_axis) * self.depth_multiplier
        return conv_output_shape(input_shape, filters, self.kernel_size, *form)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **signature_config(self, DepthwiseConvolution)}


@export("layers")
class DepthwiseConv1D(DepthwiseConvolution):
    """`DepthwiseConvolution` along one axis: `(batch, steps, channels)` → `(batch, places, channels * multiplier)`.

    Example:
        >>> DepthwiseConv1D(3, depth_multiplier=2)(np.ones((4, 10, 12))).shape
        (4, 8, 24)

    Source: https://keras.io/api/layers/convolution_layers/depthwise_convolution1d/
    """

    rank = 1


@export("layers")
class DepthwiseConv2D(DepthwiseConvolution):
    """`DepthwiseConvolution` of images: `(batch, height, width, channels)` → `(batch, rows, columns, channels * multiplier)`.

    Example:
        >>> DepthwiseConv2D(3, strides=2, padding="same")(np.ones((4, 28, 28, 12))).shape
        (4, 14, 14, 12)

    Source: https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
    """

    rank = 2
