"""LSTM: a recurrent layer whose memory fades only where a gate says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn import activations
from jaxnn.core import check
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.registry import export
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.types import Array
from jaxnn.layers.kernel_cell import KernelCell, KernelRNN, of_the_cell
from jaxnn.ops.lstm import lstm, lstm_step


@export("layers")
class LSTMCell(KernelCell):
    """One time step of an LSTM, with states h (the output) and c (the memory).

        i, f, g, o = split(x kernel + h recurrent_kernel + bias)
        c = sigmoid(f) c + sigmoid(i) tanh(g)
        h = sigmoid(o) tanh(c)

    Args:
        units: the size of h and c.
        activation, recurrent_activation: in the places of tanh and sigmoid; None is linear.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights start.
        unit_forget_bias: whether the forget gate's bias starts at 1, so that the memory lasts at first.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights after each update.
        dropout, recurrent_dropout: the shares of the inputs and of h that are dropped while training.
        seed: an int for masks that can be repeated.
        **kwargs: `implementation` is 2, which multiplies all gates at once, or 1, each by itself, under a mask of its
            own, as `recurrent_dropout` needs it.

    Call arguments:
        inputs: one time step, `(batch, features)`.
        states: `[h, c]`, each `(batch, units)`.
        training: whether dropout is on.

    Shape:
        kernel `(features, 4 units)`, recurrent_kernel `(units, 4 units)`, bias `(4 units,)`, the gates in the order
        i, f, g, o.

    Returns:
        `h, [h, c]`.

    Raises:
        ValueError: if `units` is not a positive integer.

    Example:
        >>> cell = LSTMCell(3)
        >>> h, states = cell(np.ones((2, 5)), cell.get_initial_state(2))
        >>> h.shape, len(states)
        ((2, 3), 2)

    Source: https://keras.io/api/layers/recurrent_layers/lstm_cell/
    """

    gates = 4

    def __init__(
        self,
        units: int,
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
        implementation = kwargs.pop("implementation", 2)
        super().__init__(**kwargs)
        self._take_units(units, use_bias, activation)
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
        self.implementation = 1 if self.recurrent_dropout else implementation
        self.masks_per_call = 4 if self.implementation == 1 else 1
        self.seed, self.seed_generator = seed, SeedGenerator(seed)
        self.state_size, self.output_size = [self.units, self.units], self.units

    def _bias_start(self) -> Any:
        return OneForTheForgetGate(self.bias_initializer) if self.unit_forget_bias else self.bias_initializer

    def call(self, inputs: Array, states: Any, training: bool | None = False) -> tuple[Array, list[Array]]:
        """The next h, and the states after this step."""
        h, c = states
        masks, recurrent = self.masks(inputs, h, training)
        xs, hs = [inputs * m for m in masks] or [inputs], [h * m for m in recurrent] or [h]
        by_gate = self.implementation == 1
        h, c = lstm_step(xs, hs, c, self._weights(), by_gate, self.activation, self.recurrent_activation)
        return h, [h, c]


class OneForTheForgetGate:
    """The bias's start: 1 for the forget gate, and what another initializer gives for the rest."""

    def __init__(self, initializer: Callable):
        self.initializer = initializer

    def __call__(self, shape: tuple, dtype: Any = None) -> Any:
        units = shape[0] // 4
        first, rest = self.initializer((units,), dtype=dtype), self.initializer((2 * units,), dtype=dtype)
        concatenate = np.concatenate if isinstance(first, np.ndarray) else jnp.concatenate
        return concatenate([first, np.ones(units, first.dtype), rest])


@export("layers")
class LSTM(KernelRNN):
    """Long short-term memory: reads a sequence step by step, and remembers by a memory that gates write, keep and show.

        i, f, g, o = split(x kernel + h recurrent_kernel + bias)
        c = sigmoid(f) c + sigmoid(i) tanh(g)
        h = sigmoid(o) tanh(c)

    Args:
        units: the size of h and c.
        activation, recurrent_activation: in the places of tanh and sigmoid; None is linear.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights start.
        unit_forget_bias: whether the forget gate's bias starts at 1, so that the memory lasts at first.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights after each update.
        dropout, recurrent_dropout: the shares of the inputs and of h that are dropped while training, the same ones at
            all time steps.
        seed: an int for masks that can be repeated.
        return_sequences: whether h is given for every step, or for the last one.
        return_state: whether the last h and c are given after the output.
        go_backwards: whether to begin with the last step; the outputs are in the order of computation.
        stateful: whether a batch begins with the states that the batch before ended with.
        unroll: whether the loop is written out. It compiles longer, and isn't faster on CPUs.
        use_cudnn: "auto", True or False; accepted, and without effect: every setting runs XLA's program.

    Call arguments:
        sequences: the inputs.
        initial_state: `[h, c]` before the first step; None is zeros.
        mask: `(batch, time)`; where it is False the states stay as they are.
        training: whether dropout is on.

    Shape:
        `(batch, time, features)` → `(batch, units)`, or `(batch, time, units)` with `return_sequences`. The weights are
        those of LSTMCell.

    Raises:
        ValueError: as RNN and LSTMCell, and for another `use_cudnn`.

    Example:
        >>> LSTM(4)(np.ones((2, 10, 3))).shape
        (2, 4)
        >>> [x.shape for x in LSTM(4, return_sequences=True, return_state=True)(np.ones((2, 10, 3)))]
        [(2, 10, 4), (2, 4), (2, 4)]

    Source: Hochreiter and Schmidhuber, Neural Computation 9(8), 1997;
    https://keras.io/api/layers/recurrent_layers/lstm/
    """

    _not_in_config = ("use_cudnn",)

    def __init__(
        self,
        units: int,
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
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ):
        cell = LSTMCell(
            units,
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
            trainable=kwargs.get("trainable", True),
            name="lstm_cell",
            implementation=kwargs.pop("implementation", 2),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.use_cudnn = check.one_of(self, "use_cudnn", use_cudnn, ("auto", True, False))
        self.input_spec = InputSpec(ndim=3)

    recurrent_activation = of_the_cell("recurrent_activation")
    unit_forget_bias = of_the_cell("unit_forget_bias")

    def _fused(self) -> Any:
        cell = self.cell
        as_usual = (
            type(cell) is LSTMCell
            and cell.activation is activations.tanh
            and cell.recurrent_activation is activations.sigmoid
            and cell.implementation != 1
        )
        return lstm if as_usual else None
