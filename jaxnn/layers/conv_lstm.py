"""ConvLSTM: an LSTM whose products are convolutions, for sequences of images."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import activations, ops
from jaxnn.core import check
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.types import Array
from jaxnn.layers.convolution_base import Convolutional
from jaxnn.layers.dropout_cell import DropoutCell
from jaxnn.layers.kernel_cell import OwnCellRNN, of_the_cell
from jaxnn.layers.lstm import OneForTheForgetGate
from jaxnn.ops.convolution import conv_output_shape


class ConvLSTMCell(DropoutCell, Convolutional):
    """One time step of a ConvLSTM, with states h (the output) and c (the memory).

        i, f, g, o = split(conv(x, kernel) + bias + conv(h, recurrent_kernel))
        c = sigmoid(f) c + sigmoid(i) tanh(g)
        h = sigmoid(o) tanh(c)

    The convolutions of h have strides of 1 and keep its size. The arguments are those of ConvLSTM2D, after `rank`, the number
    of spatial axes.
    """

    masks_per_call = 4
    state_size = -1  # not a number, but a shape that the inputs decide

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.seed, self.seed_generator = seed, SeedGenerator(seed)  # its seed is drawn before the initialisers'
        self.rank = rank
        self.filters = self._positive("filters", filters)
        self._take_window(kernel_size, strides, padding, data_format, dilation_rate)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{check.name_of(self)}: Specifying `strides > 1` is not compatible with `dilation_rate > 1`. Received: "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}. Set one of them to 1."
            )
        self._take_outputs(activation, use_bias)
        self.recurrent_activation = activations.get(recurrent_activation)
        self._take_weights(
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self.unit_forget_bias = unit_forget_bias
        self._take_rates(dropout, recurrent_dropout)
        self.input_spec = InputSpec(ndim=rank + 2)

    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        """Makes the kernels and the bias for the number of channels; all sizes but the batch's must be known."""
        if None in inputs_shape[1:]:
            raise ValueError(
                f"{check.name_of(self)}: ConvLSTM layers only support static input shapes for the spatial dimension. "
                f"Received invalid input shape: input_shape={tuple(inputs_shape)}. Declare all sizes but batch and time."
            )
        self.input_spec = InputSpec(shape=(None, *inputs_shape[1:]))
        channels, columns = inputs_shape[self._channel_axis], 4 * self.filters
        self.kernel = self._weight("kernel", (*self.kernel_size, channels, columns))
        self.recurrent_kernel = self._weight(
            "recurrent_kernel", (*self.kernel_size, self.filters, columns), "recurrent"
        )
        if self.use_bias:
            start = self.bias_initializer
            self.bias = self.add_weight(
                (columns,),
                OneForTheForgetGate(start) if self.unit_forget_bias else start,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def get_initial_state(self, batch_size: int | None = None) -> list[Array]:
        """Zeros for h and c."""
        shape = self.compute_output_shape((batch_size, *self.input_spec.shape[1:]))[0]
        return [jnp.zeros(shape, self.compute_dtype), jnp.zeros(shape, self.compute_dtype)]

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> tuple:
        """The output's shape, and those of h and c, which are the same."""
        settings = (self.strides, self.padding, self.data_format, self.dilation_rate)
        shape = conv_output_shape(inputs_shape, self.filters, self.kernel_size, *settings)
        return shape, [shape, shape]

    def call(self, inputs: Array, states: Any, training: bool | None = False) -> tuple[Array, list[Array]]:
        """The next h, and the states after this step."""
        h, c = states
        masks, recurrent = self.masks(inputs, h, training)
        of_x = self._convolve(inputs, masks, self.kernel.value, self.strides, self.padding, self.dilation_rate)
        if self.bias is not None:
            behind = 0 if self.data_format == "channels_last" else self.rank
            of_x = of_x + self.bias.value.reshape(-1, *(1,) * behind)
        of_h = self._convolve(h, recurrent, self.recurrent_kernel.value, 1, "same", 1)
        i, f, g, o = jnp.split(of_x + of_h, 4, axis=self._channel_axis)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def _convolve(
        self, x: Array, masks: list[Array], kernel: Array, strides: Any, padding: str, dilation_rate: Any
    ) -> Array:
        """All gates' convolutions at once, or each under its own mask."""
        settings = (strides, padding, self.data_format, dilation_rate)
        if not masks:
            return ops.conv(x, kernel, *settings)
        kernels = jnp.split(kernel, 4, axis=-1)
        gates = [ops.conv(x * mask, w, *settings) for mask, w in zip(masks, kernels, strict=True)]
        return jnp.concatenate(gates, axis=self._channel_axis)


class ConvLSTM(OwnCellRNN):
    """An LSTM whose products are convolutions: gates decide, place by place, what is kept, taken in and shown.

        i, f, g, o = split(conv(x, kernel) + bias + conv(h, recurrent_kernel))
        c = sigmoid(f) c + sigmoid(i) tanh(g)
        h = sigmoid(o) tanh(c)

    Args:
        filters: the number of channels of h and c.
        kernel_size: the window of both convolutions, a number or one for each spatial axis.
        strides: how far the window goes from place to place in the inputs; in h it is always 1.
        padding: "valid" stays inside the inputs; "same" puts zeros around them.
        data_format: "channels_last", "channels_first", or None for the global setting.
        dilation_rate: the distance of neighbouring entries of the inputs' window.
        activation, recurrent_activation: in the places of tanh and sigmoid; None is linear.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights start.
        unit_forget_bias: whether the forget gate's bias starts at 1, so that the memory lasts at first.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights after each update.
        dropout, recurrent_dropout: the shares of the inputs and of h that are dropped while training, the same ones at
            all time steps, others for each gate.
        seed: an int for masks that can be repeated.
        return_sequences: whether h is given for every step, or for the last one.
        return_state: whether the last h and c are given after the output.
        go_backwards: whether to begin with the last step; the outputs are in the order of computation.
        stateful: whether a batch begins with the states that the batch before ended with.
        unroll, zero_output_for_mask: as in RNN.

    Call arguments:
        sequences: the inputs.
        initial_state: `[h, c]` before the first step; None is zeros.
        mask: `(batch, time)`; where it is False the states stay as they are.
        training: whether dropout is on.

    Shape:
        `(batch, time, *sizes, channels)` → `(batch, *places, filters)`, or `(batch, time, *places, filters)` with
        `return_sequences`; kernel `(*window, channels, 4 filters)`, recurrent_kernel `(*window, filters, 4 filters)`, bias
        `(4 filters,)`, the gates in the order i, f, g, o.

    Raises:
        ValueError: for sizes that are not positive, for strides together with dilation, and if a spatial size or the
            number of channels is unknown.
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
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ):
        cell = ConvLSTMCell(
            self.rank,
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            dtype=kwargs.get("dtype"),
            name="conv_lstm_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = InputSpec(ndim=self.rank + 3)

    filters = of_the_cell("filters")
    kernel_size = of_the_cell("kernel_size")
    strides = of_the_cell("strides")
    padding = of_the_cell("padding")
    data_format = of_the_cell("data_format")
    dilation_rate = of_the_cell("dilation_rate")
    recurrent_activation = of_the_cell("recurrent_activation")
    unit_forget_bias = of_the_cell("unit_forget_bias")

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The output's shape, or a tuple of it and the states'."""
        batch, length, *step = sequences_shape
        state = tuple(self.cell.compute_output_shape((batch, *step))[0])
        output = (batch, length, *state[1:]) if self.return_sequences else state
        return (output, state, state) if self.return_state else output

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **signature_config(self, ConvLSTM)}

    def compute_mask(self, inputs: Any, mask: Any) -> Any:
        """The mask of the steps, for outputs of all steps."""
        mask = super().compute_mask(inputs, mask)
        return [*mask, None] if self.return_state else mask  # h and c, where `state_size` tells of one


@export("layers")
class ConvLSTM1D(ConvLSTM):
    """`ConvLSTM` along one axis: `(batch, time, steps, channels)` → `(batch, places, filters)`.

    Example:
        >>> ConvLSTM1D(4, 3)(np.ones((2, 5, 8, 3))).shape
        (2, 6, 4)

    Source: Shi et al., arXiv:1506.04214, without its peepholes; https://keras.io/api/layers/recurrent_layers/conv_lstm1d/
    """

    rank = 1


@export("layers")
class ConvLSTM2D(ConvLSTM):
    """`ConvLSTM` of images: `(batch, time, height, width, channels)` → `(batch, rows, columns, filters)`.

    Example:
        >>> ConvLSTM2D(4, 3, padding="same", return_sequences=True)(np.ones((2, 5, 8, 8, 3))).shape
        (2, 5, 8, 8, 4)

    Source: Shi et al., arXiv:1506.04214, without its peepholes; https://keras.io/api/layers/recurrent_layers/conv_lstm2d/
    """

    rank = 2


@export("layers")
class ConvLSTM3D(ConvLSTM):
    """`ConvLSTM` of volumes: `(batch, time, *three sizes, channels)` → `(batch, *places, filters)`.

    Example:
        >>> ConvLSTM3D(4, 2)(np.ones((2, 5, 4, 4, 4, 3))).shape
        (2, 3, 3, 3, 4)

    Source: Shi et al., arXiv:1506.04214, without its peepholes; https://keras.io/api/layers/recurrent_layers/conv_lstm3d/
    """

    rank = 3
