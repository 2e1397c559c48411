"""EinsumDense: a Dense layer for tensors of any rank, told by an equation."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from jaxnn import activations, constraints, initializers, ops, regularizers
from jaxnn.core import check
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array
from jaxnn.layers.lora import LowRankTunable


@export("layers")
class EinsumDense(LowRankTunable):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: `"inputs,kernel->outputs"`, one letter an axis; inputs and outputs may both begin, or both end, with
            `...` for axes that stay.
        output_shape: the sizes of the output's axes without the batch and those under `...`; None for those
            that are the input's.
        activation: a name or function; None is linear.
        bias_axes: the letters of the output's axes that the bias has; None is no bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied to the weights after each update.
        lora_rank, lora_alpha: if given, the kernel is frozen and tuned through two thin matrices (`enable_lora`).
        quantization_config: must be None.

    Raises:
        ValueError: when it is built, for an equation of another form, or one that the shapes contradict.

    Example:
        >>> layer = EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")  # Dense(64) on a sequence
        >>> layer(np.ones((2, 32, 128))).shape
        (2, 32, 64)
        >>> layer = EinsumDense("...x,xy->...y", output_shape=64)
        >>> layer(np.ones((2, 3, 5, 128))).shape
        (2, 3, 5, 64)

    Source: https://keras.io/api/layers/core_layers/einsum_dense/
    """

    _plain_config = True  # `output_shape` is kept under Keras's other name

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.equation, self.bias_axes = equation, bias_axes
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._take_lora(lora_rank, lora_alpha, quantization_config)

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias, as the equation says."""
        shapes = self._shapes(input_shape)
        self.input_spec = InputSpec(ndim=len(input_shape))
        self._kernel = self.add_weight(
            shapes.kernel,
            self._initializer(shapes),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if shapes.bias is not None:
            self.bias = self.add_weight(
                shapes.bias,
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        if self.lora_rank:
            self.enable_lora(self.lora_rank, lora_alpha=self.lora_alpha)

    def _initializer(self, shapes: Shapes) -> Any:
        """Initializers that scale with the number of inputs are told which of the kernel's axes they are."""
        own = self.kernel_initializer
        if not isinstance(own, initializers.VarianceScaling) or None not in (own.input_axes, own.output_axes):
            return own
        axes = {"input_axes": shapes.input_axes, "output_axes": shapes.output_axes}
        return type(own).from_config({**own.get_config(), "seed": own.seed, **axes})

    @property
    def kernel(self) -> Any:
        """The weights; with LoRA, the sum that counts."""
        return self._large_weight()

    def call(self, inputs: Array, training: bool | None = None) -> Array:
        """`activation(einsum(equation, inputs, kernel) + bias)`."""
        outputs = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """As the equation says."""
        return self._shapes(input_shape).output

    def _shapes(self, input_shape: Any) -> Shapes:
        return read_equation(self, self.equation, tuple(input_shape), self.partial_output_shape, self.bias_axes)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = signature_config(self, EinsumDense, skip=("output_shape",))
        config = {"activity_regularizer": None, **super().get_config(), **own}
        for name in () if self.lora_rank else ("lora_rank", "lora_alpha"):
            del config[name]
        return {**config, "output_shape": self.partial_output_shape}


class Shapes(NamedTuple):
    """What an equation says about the weights and the output."""

    kernel: tuple
    bias: tuple | None
    output: tuple
    input_axes: list[int]  # of the kernel: summed over
    output_axes: list[int]  # of the kernel: found in the output


_LETTERS = "([a-zA-Z]+)"
_FORMS = (
    (rf"{_LETTERS},{_LETTERS}->{_LETTERS}", ""),
    (rf"\.\.\.{_LETTERS},{_LETTERS}->\.\.\.{_LETTERS}", "left"),
    (rf"([a-zA-Z]{{2,}})\.\.\.,{_LETTERS}->{_LETTERS}\.\.\.", "right"),
)


def read_equation(who: Any, equation: str, input_shape: tuple, output_shape: tuple, bias_axes: str | None) -> Shapes:
    """The sizes of kernel, bias and output for an input shape.

    Raises:
        ValueError: for an equation of another form, and for letters or sizes that don't go together.
    """
    who = check.name_of(who)
    matches = ((re.match(form, equation), side) for form, side in _FORMS)
    match, side = next(((m, side) for m, side in matches if m), (None, ""))
    if match is None:
        raise ValueError(
            f"{who}: Invalid einsum equation '{equation}'. Equations must be in the form [X],[Y]->[Z], "
            "...[X],[Y]->...[Z], or [X]...,[Y]->[Z]...."
        )
    inputs, kernel, outputs = match.groups()
    _check_letters(who, inputs, kernel, outputs, bias_axes or "")
    elided = len(input_shape) - len(inputs)
    if side == "left":
        first = elided
        output = [*input_shape[: max(elided, 1)], *output_shape]  # without axes under '...' the batch is a letter
    else:
        first = 0
        output = [input_shape[0], *output_shape, *input_shape[len(inputs) :]]
    if elided < 0 or (elided and not side) or len(output) != len(outputs) + elided:
        raise ValueError(
            f"{who}: the equation '{equation}' doesn't fit an input of shape {input_shape} and "
            f"output_shape={output_shape}. Give one size for each letter of the output but the batch's."
        )
    sizes = dict(zip(inputs, input_shape[first:], strict=False))
    for axis, letter in enumerate(outputs, start=first):
        told, known = output[axis], sizes.get(letter)
        if None not in (told, known) and told != known:
            raise ValueError(
                f"{who}: Input shape and output shape do not match at shared dimension '{letter}'. Input shape is "
                f"{known}, and output shape is {told}."
            )
        output[axis] = sizes[letter] = known if told is None else told
    bias = None
    if bias_axes is not None:
        start = min(outputs.find(letter) for letter in bias_axes)
        stay = () if side == "left" else (1,) * elided
        bias = (*(sizes[c] if c in bias_axes else 1 for c in outputs[start:]), *stay)
    return Shapes(
        kernel=tuple(sizes[letter] for letter in kernel),
        bias=bias,
        output=tuple(output),
        input_axes=[i for i, letter in enumerate(kernel) if letter not in outputs],
        output_axes=[i for i, letter in enumerate(kernel) if letter in outputs],
    )


def _check_letters(who: str, inputs: str, kernel: str, outputs: str, bias_axes: str) -> None:
    for letter in outputs:
        if letter not in inputs and letter not in kernel:
            raise ValueError(
                f"{who}: Dimension '{letter}' was specified in the output '{outputs}' but has no corresponding dim in "
                f"the input spec '{inputs}' or weight spec '{kernel}'."
            )
    for letter in kernel:
        if letter not in inputs and letter not in outputs:
            raise ValueError(
                f"{who}: Weight dimension '{letter}' did not have a match in either the input spec '{inputs}' or the "
                f"output spec '{outputs}'. For this layer, the weight must be fully specified."
            )
    for letter in bias_axes:
        if letter not in outputs:
            raise ValueError(
                f"{who}: Bias dimension '{letter}' was requested, but is not part of the output spec '{outputs}'."
            )
