"""GRU: a recurrent layer with two gates, one that forgets and one that mixes."""

from __future__ import annotations

import functools
from typing import Any

from jaxnn import activations
from jaxnn.core import check
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.registry import export
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.types import Array
from jaxnn.layers.kernel_cell import KernelCell, KernelRNN, of_the_cell
from jaxnn.ops.gru import gru, gru_step


@export("layers")
class GRUCell(KernelCell):
    """One time step of a GRU, with the state h, which is the output.

    With the products' columns split into z, r and n,

        z, r = sigmoid(x kernel + bias + h recurrent_kernel)
        n = tanh(x kernel + bias + r (h recurrent_kernel + recurrent_bias))      with reset_after
        n = tanh(x kernel + bias + (r h) recurrent_kernel)                       without
        h = z h + (1 - z) n

    Args:
        units: the size of h.
        activation, recurrent_activation: in the places of tanh and sigmoid; None is linear.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights after each update.
        dropout, recurrent_dropout: the shares of the inputs and of h that are dropped while training.
        reset_after: whether the gate r multiplies after the product with the recurrent kernel, which has a bias of its own
            then, or before it.
        seed: an int for masks that can be repeated.
        **kwargs: `implementation` is 2, which multiplies all gates at once, or 1, each by itself, under a mask of its
            own, as `recurrent_dropout` needs it.

    Call arguments:
        inputs: one time step, `(batch, features)`.
        states: `[h]`, or h itself; `(batch, units)`.
        training: whether dropout is on.

    Shape:
        kernel `(features, 3 units)`, recurrent_kernel `(units, 3 units)`, the gates in the order z, r, n; bias
        `(2, 3 units)` with `reset_after`, else `(3 units,)`.

    Returns:
        `h, [h]`, or `h, h`.

    Raises:
        ValueError: if `units` is not a positive integer.

    Example:
        >>> cell = GRUCell(3)
        >>> h, states = cell(np.ones((2, 5)), cell.get_initial_state(2))
        >>> h.shape, len(states)
        ((2, 3), 1)

    Source: https://keras.io/api/layers/recurrent_layers/gru_cell/
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
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
        self._take_rates(dropout, recurrent_dropout)
        self.implementation = 1 if self.recurrent_dropout else implementation
        self.masks_per_call = 3 if self.implementation == 1 else 1
        self.seed, self.seed_generator = seed, SeedGenerator(seed)
        self.reset_after = reset_after
        self.state_size = self.output_size = self.units

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Array, states: Any, training: bool | None = False) -> tuple[Array, Any]:
        """The next h, and the states after this step."""
        h = states[0] if isinstance(states, list | tuple) else states
        masks, recurrent = self.masks(inputs, h, training)
        xs, hs = [inputs * m for m in masks] or [inputs], [h * m for m in recurrent] or [h]
        by_gate = self.implementation == 1
        how = {"activation": self.activation, "recurrent_activation": self.recurrent_activation}
        h = gru_step(xs, hs, h, self._weights(), self.reset_after, by_gate, **how)
        return h, [h] if isinstance(states, list | tuple) else h


@export("layers")
class GRU(KernelRNN):
    """Gated recurrent unit: reads a sequence step by step; one gate forgets, another mixes the old state with a new one.

    With the products' columns split into z, r and n,

        z, r = sigmoid(x kernel + bias + h recurrent_kernel)
        n = tanh(x kernel + bias + r (h recurrent_kernel + recurrent_bias))      with reset_after
        n = tanh(x kernel + bias + (r h) recurrent_kernel)                       without
        h = z h + (1 - z) n

    Args:
        units: the size of h.
        activation, recurrent_activation: in the places of tanh and sigmoid; None is linear.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights after each update.
        dropout, recurrent_dropout: the shares of the inputs and of h that are dropped while training, the same ones at
            all time steps.
        seed: an int for masks that can be repeated.
        return_sequences: whether h is given for every step, or for the last one.
        return_state: whether the last h is given after the output.
        go_backwards: whether to begin with the last step; the outputs are in the order of computation.
        stateful: whether a batch begins with the states that the batch before ended with.
        unroll: whether the loop is written out. It compiles longer, and isn't faster on CPUs.
        reset_after: whether the gate r multiplies after the product with the recurrent kernel, which has a bias of its own
            then, or before it.
        use_cudnn: "auto", True or False; accepted, and without effect: every setting runs XLA's program.

    Call arguments:
        sequences: the inputs.
        initial_state: `[h]` before the first step; None is zeros.
        mask: `(batch, time)`; where it is False the state stays as it is.
        training: whether dropout is on.

    Shape:
        `(batch, time, features)` → `(batch, units)`, or `(batch, time, units)` with `return_sequences`. The weights are
        those of GRUCell.

    Raises:
        ValueError: as RNN and GRUCell, and for another `use_cudnn`.

    Example:
        >>> GRU(4)(np.ones((2, 10, 3))).shape
        (2, 4)
        >>> [x.shape for x in GRU(4, return_sequences=True, return_state=True)(np.ones((2, 10, 3)))]
        [(2, 10, 4), (2, 4)]

    Source: Cho et al., arXiv:1406.1078; https://keras.io/api/layers/recurrent_layers/gru/
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
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ):
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            reset_after=reset_after,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="gru_cell",
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
    reset_after = of_the_cell("reset_after")

    def _fused(self) -> Any:
        cell = self.cell
        as_usual = (
            type(cell) is GRUCell
            and cell.activation is activations.tanh
            and cell.recurrent_activation is activations.sigmoid
            and cell.implementation != 1
        )
        return functools.partial(gru, reset_after=cell.reset_after) if as_usual else None
