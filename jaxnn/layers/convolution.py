"""Convolutions of sounds, images and volumes: the same small kernel at every place."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.layer import default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array
from jaxnn.layers.convolution_base import Convolutional
from jaxnn.layers.lora import LowRankTunable
from jaxnn.ops.convolution import conv_output_shape


class Convolution(Convolutional, LowRankTunable):
    """`activation(convolution(x, kernel) + bias)`; what the layers of one to three spatial axes have in common.

    Every output is the sum, over the entries of a window and the channels under it, of input times kernel. The window
    goes over the inputs in `strides`, and its entries may be `dilation_rate` apart.

    Args:
        filters: the number of output channels.
        kernel_size: the window; an int, or one for every spatial axis.
        strides: how far it goes from place to place.
        padding: "valid" stays inside the inputs; "same" puts zeros around them, for `ceil(size / strides)` places;
            "causal", in Conv1D, puts all of them before, so that no output sees a later input.
        data_format: "channels_last", "channels_first", or None for the global setting.
        dilation_rate: the distance of the window's neighbouring entries; above 1 only with strides of 1.
        groups: into so many groups channels and filters are divided, each convolved on its own.
        activation: a name or function; None is linear.
        use_bias: whether to add a bias to every filter.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied to the weights after each update.
        lora_rank, lora_alpha: if given, the kernel is frozen and tuned through two thin ones (`enable_lora`).

    Shape:
        `(batch, *sizes, channels)` → `(batch, *places, filters)`; kernel `(*kernel_size, channels / groups, filters)`,
        bias `(filters,)`. With "channels_first" the channels stand behind the batch.

    Raises:
        ValueError: for a number that isn't positive, groups that don't divide the filters or the channels, strides
            together with a dilation, an unknown padding, and a window that has no place in the inputs.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.filters = self._positive("filters", filters)
        self.groups = groups
        self._take_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._take_outputs(activation, use_bias)
        self._take_weights(
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self._take_lora(lora_rank, lora_alpha, None)
        self._check_groups()
        self._refuse_strides_with_dilation()

    def _paddings(self) -> tuple[str, ...]:
        return ("valid", "same", "causal") if self.rank == 1 else ("valid", "same")

    def _check_groups(self) -> None:
        who, groups = check.name_of(self), self.groups
        if not isinstance(groups, int) or groups <= 0:
            raise ValueError(f"{who}: The number of groups must be a positive integer. Received: groups={groups}.")
        if self.filters % groups:
            raise ValueError(
                f"{who}: The number of filters must be evenly divisible by the number of groups. Received: "
                f"groups={groups}, filters={self.filters}."
            )

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias for the number of channels."""
        channels = self._fix_channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"{check.name_of(self)}: The number of input channels must be evenly divisible by the number of groups; "
                f"got {channels} channels (shape {tuple(input_shape)}), groups={self.groups}."
            )
        self.compute_output_shape(input_shape)  # says so where the window has no place
        self._kernel = self._weight("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.bias = self._weight("bias", (self.filters,)) if self.use_bias else None
        if self.lora_rank:
            self.enable_lora(self.lora_rank, lora_alpha=self.lora_alpha)

    @property
    def kernel(self) -> Any:
        """The window's weights; with LoRA, the sum that counts."""
        return self._large_weight()

    def convolution_op(self, inputs: Array, kernel: Array) -> Array:
        """The convolution alone; a subclass may put its own here."""
        padding: Any = self.padding
        if padding == "causal":
            padding = [(self.dilation_rate[0] * (self.kernel_size[0] - 1), 0)]
        return ops.conv(inputs, kernel, self.strides, padding, self.data_format, self.dilation_rate)

    def call(self, inputs: Array) -> Array:
        """`activation(convolution(inputs, kernel) + bias)`."""
        return self._finish(self.convolution_op(inputs, self.kernel))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """As many places along every spatial axis as the window has."""
        form = (self.strides, self.padding, self.data_format, self.dilation_rate)
        return conv_output_shape(input_shape, self.filters, self.kernel_size, *form)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; those of LoRA only if it is asked for."""
        lora = () if self.lora_rank else ("lora_rank", "lora_alpha")
        return {**super().get_config(), **signature_config(self, Convolution, skip=lora)}


@export("layers", also=("keras.layers.Convolution1D",))
class Conv1D(Convolution):
    """`Convolution` along one axis, such as time: `(batch, steps, channels)` → `(batch, places, filters)`.

    Example:
        >>> Conv1D(32, 3, padding="causal", activation="relu")(np.ones((4, 10, 128))).shape
        (4, 10, 32)

    Source: https://keras.io/api/layers/convolution_layers/convolution1d/
    """

    rank = 1


@export("layers", also=("keras.layers.Convolution2D",))
class Conv2D(Convolution):
    """`Convolution` of images: `(batch, height, width, channels)` → `(batch, rows, columns, filters)`.

    Example:
        >>> Conv2D(32, 3, activation="relu")(np.ones((4, 28, 28, 3))).shape
        (4, 26, 26, 32)

    Source: https://keras.io/api/layers/convolution_layers/convolution2d/
    """

    rank = 2


@export("layers", also=("keras.layers.Convolution3D",))
class Conv3D(Convolution):
    """`Convolution` of volumes, or images in time: `(batch, *three sizes, channels)` → `(batch, *places, filters)`.

    Example:
        >>> Conv3D(2, 3, strides=2, padding="same")(np.ones((4, 8, 8, 5, 1))).shape
        (4, 4, 4, 3, 2)

    Source: https://keras.io/api/layers/convolution_layers/convolution3d/
    """

    rank = 3


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
