"""Transposed convolutions: from few places to many, as decoders and generators need it."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.layer import default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array
from jaxnn.layers.convolution_base import Convolutional
from jaxnn.ops.convolution_transpose import conv_transpose_output_shape


class ConvolutionTranspose(Convolutional):
    """`activation(transposed convolution(x, kernel) + bias)`; what the layers of one to three spatial axes have in common.

    Each input paints the kernel, times itself, around `strides` times its place; overlaps are added up. That goes the
    way of a convolution back: from its outputs' shape to its inputs'. (It isn't the inverse.)

    Args:
        filters: the number of output channels.
        kernel_size: what is painted; an int, or one for every spatial axis.
        strides: how far apart two inputs paint: by how much the sizes grow.
        padding: "valid" keeps all that is painted, "same" leaves `size * strides`.
        output_padding: how much longer the outputs are, at the far end, than the shortest for which a convolution would
            have the inputs' sizes; less than the strides. None lets the padding decide.
        data_format: "channels_last", "channels_first", or None for the global setting.
        dilation_rate: the distance of the kernel's neighbouring entries; above 1 only with strides of 1.
        activation: a name or function; None is linear.
        use_bias: whether to add a bias to every filter.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        `(batch, *sizes, channels)` → `(batch, *larger sizes, filters)`; kernel `(*kernel_size, filters, channels)`, bias
        `(filters,)`. With "valid" a size becomes `(size - 1) * strides + max(kernel_size, strides)`, with "same"
        `size * strides`. With "channels_first" the channels stand behind the batch.

    Raises:
        ValueError: for a number that isn't positive, strides together with a dilation, an unknown padding, and an output
            padding that isn't below the strides.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = self._positive("filters", filters)
        self._take_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.output_padding = None if output_padding is None else self._per_axis("output_padding", output_padding, 0)
        self._take_outputs(activation, use_bias)
        self._take_weights(
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self._refuse_strides_with_dilation()
        if any(more >= stride for more, stride in zip(self.output_padding or (), self.strides, strict=False)):
            raise ValueError(
                f"{check.name_of(self)}: `output_padding` must be strictly less than `strides` for all dimensions. "
                f"Received: output_padding={self.output_padding}, strides={self.strides}."
            )

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias for the number of channels."""
        channels = self._fix_channels(input_shape)
        self.kernel = self._weight("kernel", (*self.kernel_size, self.filters, channels))
        self.bias = self._weight("bias", (self.filters,)) if self.use_bias else None

    def call(self, inputs: Array) -> Array:
        """`activation(transposed convolution(inputs, kernel) + bias)`."""
        form = (self.strides, self.padding, self.output_padding, self.data_format, self.dilation_rate)
        return self._finish(ops.conv_transpose(inputs, self.kernel, *form))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """As many places along every spatial axis as are painted."""
        form = (self.strides, self.padding, self.output_padding, self.data_format, self.dilation_rate)
        return conv_transpose_output_shape(input_shape, self.filters, self.kernel_size, *form)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **signature_config(self, ConvolutionTranspose)}


@export("layers", also=("keras.layers.Convolution1DTranspose",))
class Conv1DTranspose(ConvolutionTranspose):
    """`ConvolutionTranspose` along one axis: `(batch, steps, channels)` → `(batch, more steps, filters)`.

    Example:
        >>> Conv1DTranspose(32, 3, strides=2, padding="same")(np.ones((4, 10, 128))).shape
        (4, 20, 32)

    Source: https://keras.io/api/layers/convolution_layers/convolution1d_transpose/
    """

    rank = 1


@export("layers", also=("keras.layers.Convolution2DTranspose",))
class Conv2DTranspose(ConvolutionTranspose):
    """`ConvolutionTranspose` of images: `(batch, height, width, channels)` → `(batch, rows, columns, filters)`.

    Example:
        >>> Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(np.ones((4, 7, 7, 32))).shape
        (4, 14, 14, 16)

    Source: https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
    """

    rank = 2


@export("layers", also=("keras.layers.Convolution3DTranspose",))
class Conv3DTranspose(ConvolutionTranspose):
    """`ConvolutionTranspose` of volumes: `(batch, *three sizes, channels)` → `(batch, *three larger ones, filters)`.

    Example:
        >>> Conv3DTranspose(2, 3, strides=2)(np.ones((4, 2, 3, 3, 1))).shape
        (4, 5, 7, 7, 2)

    Source: https://keras.io/api/layers/convolution_layers/convolution3d_transpose/
    """

    rank = 3


Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
