"""Convolutions of sounds, images and volumes: the same small kernel at every place."""

from __future__ import annotations

from typing import Any

from jaxnn import activations, constraints, initializers, ops, regularizers
from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array
from jaxnn.layers.lora import LowRankTunable
from jaxnn.ops.convolution import conv_output_shape
from jaxnn.ops.windows import per_axis


class Convolution(LowRankTunable):
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

    rank: int

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
        self.filters = check.positive_int(self, "filters", filters)
        self.groups = check.positive_int(self, "groups", groups)
        self.kernel_size = self._per_axis("kernel_size", kernel_size)
        self.strides = self._per_axis("strides", strides)
        self.dilation_rate = self._per_axis("dilation_rate", dilation_rate)
        known = ("valid", "same", "causal") if self.rank == 1 else ("valid", "same")
        self.padding = check.one_of(self, "padding", padding.lower() if isinstance(padding, str) else padding, known)
        self.data_format = standardize_data_format(data_format)
        self.activation, self.use_bias = activations.get(activation), use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._take_lora(lora_rank, lora_alpha, None)
        self.input_spec = InputSpec(min_ndim=self.rank + 2)
        self._check_settings()

    def _per_axis(self, argument: str, value: Any) -> tuple[int, ...]:
        return per_axis(f"{check.name_of(self)}: `{argument}`", value, self.rank)

    def _check_settings(self) -> None:
        who = check.name_of(self)
        if self.filters % self.groups:
            raise ValueError(
                f"{who}: The number of filters must be evenly divisible by the number of groups; got "
                f"filters={self.filters}, groups={self.groups}."
            )
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{who}: `strides > 1` not supported in conjunction with `dilation_rate > 1`; got "
                f"strides={self.strides}, dilation_rate={self.dilation_rate}. Set one of them to 1."
            )

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias for the number of channels."""
        axis = -1 if self.data_format == "channels_last" else 1
        channels = check.known_axis(self, input_shape, axis)
        if channels % self.groups:
            raise ValueError(
                f"{check.name_of(self)}: The number of input channels must be evenly divisible by the number of groups; "
                f"got {channels} channels (shape {tuple(input_shape)}), groups={self.groups}."
            )
        self.compute_output_shape(input_shape)  # says so where the window has no place
        self._kernel = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.filters,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={axis: channels})
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
        outputs = self.convolution_op(inputs, self.kernel)
        if self.bias is not None:
            behind = 0 if self.data_format == "channels_last" else self.rank
            outputs = ops.add(outputs, ops.reshape(self.bias, (-1, *(1,) * behind)))
        return outputs if self.activation is None else self.activation(outputs)

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
