"""What all layers of convolutions have in common: a window and how it moves, weights by name, a bias, an activation."""

from __future__ import annotations

from typing import Any

from jaxnn import activations, constraints, initializers, ops, regularizers
from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.types import Array
from jaxnn.ops.windows import per_axis


class Convolutional(Layer):
    """A layer that slides a window over `rank` spatial axes.

    Args:
        activity_regularizer: a penalty on the outputs that is added to the loss.
        **kwargs: of every layer.
    """

    rank: int
    bias: Any = None

    def _take_window(
        self, kernel_size: Any, strides: Any, padding: Any, data_format: str | None, dilation_rate: Any
    ) -> None:
        """Keeps the constructor's arguments, an entry a spatial axis."""
        self.kernel_size = self._per_axis("kernel_size", kernel_size)
        self.strides = self._per_axis("strides", strides)
        self.dilation_rate = self._per_axis("dilation_rate", dilation_rate)
        self.padding = check.one_of(
            self, "padding", padding.lower() if isinstance(padding, str) else padding, self._paddings()
        )
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=self.rank + 2)

    def _take_outputs(self, activation: Any, use_bias: bool) -> None:
        self.activation, self.use_bias = activations.get(activation), use_bias

    def _take_weights(self, **arguments: Any) -> None:
        """Keeps arguments such as `kernel_initializer`, in their order: each random initialiser draws its seed here."""
        known = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}
        for name, value in arguments.items():
            setattr(self, name, known[name.rpartition("_")[2]].get(value))

    def _paddings(self) -> tuple[str, ...]:
        return ("valid", "same")

    def _per_axis(self, argument: str, value: Any, least: int = 1) -> tuple[int, ...]:
        return per_axis(argument, value, self.rank, check.name_of(self), least)

    def _positive(self, argument: str, value: Any) -> int:
        try:
            return check.positive_int(self, argument, value)
        except ValueError:
            raise ValueError(
                f"{check.name_of(self)}: Invalid value for argument `{argument}`. Expected a strictly positive value. "
                f"Received {argument}={value!r}. Give a whole number of at least 1."
            ) from None

    def _refuse_strides_with_dilation(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{check.name_of(self)}: `strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}. Set one of them to 1."
            )

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _fix_channels(self, input_shape: Any) -> int:
        """The number of channels, which the inputs will have from now on."""
        channels = check.known_axis(self, input_shape, self._channel_axis)
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={self._channel_axis: channels})
        return channels

    def _weight(self, name: str, shape: tuple[int, ...], arguments: str = "") -> Any:
        """A new weight, by the arguments `<arguments>_initializer` and so on; those are called as it is, by default."""
        arguments = arguments or name
        return self.add_weight(
            shape,
            getattr(self, f"{arguments}_initializer"),
            regularizer=getattr(self, f"{arguments}_regularizer"),
            constraint=getattr(self, f"{arguments}_constraint"),
            name=name,
        )

    def _finish(self, outputs: Array) -> Array:
        """`activation(outputs + bias)`."""
        if self.bias is not None:
            behind = 0 if self.data_format == "channels_last" else self.rank
            outputs = ops.add(outputs, ops.reshape(self.bias, (-1, *(1,) * behind)))
        return outputs if self.activation is None else self.activation(outputs)
