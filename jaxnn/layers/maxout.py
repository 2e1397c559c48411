"""Maxout: units that learn their own activation, as the largest of several affine maps."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import constraints, initializers, ops, regularizers
from jaxnn.core import check
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.types import Array


@export("layers", package="jaxnn")
class Maxout(Layer):
    """The largest of `pieces` affine maps, for each unit: `max_j (x @ W_ij + b_ij)`.

    The activation is learned: as a function of the input, each unit is convex and piecewise linear, with as many
    pieces as maps. Two can be a ReLU (one map is 0), an absolute value, or a plain linear unit.

    For a given input only the winning maps count. They form a thin linear network, and the gradient is that of this
    network: the winner of each unit gets the whole of it, the others nothing. (Where maps tie, they share it evenly.)
    Other inputs have other winners, so in the end all maps are trained.

    Args:
        units: the size of the output's last axis.
        pieces: how many affine maps each unit chooses from.
        use_bias: whether the maps have a bias.
        kernel_initializer, bias_initializer: how the weights start.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, bias_constraint: applied to the weights after each update.

    Shape:
        `(..., features)` → `(..., units)`; kernel `(features, units * pieces)`, bias `(units * pieces,)`, the maps of
        one unit side by side.

    Raises:
        ValueError: if `units` or `pieces` is not a positive integer, or the input's last axis is unknown.

    Example:
        >>> layer = Maxout(1, pieces=2, use_bias=False)
        >>> layer.build((None, 1))
        >>> layer.set_weights([np.array([[1.0, -1.0]])])  # max(x, -x)
        >>> layer(np.array([[-3.0], [2.0]])).tolist()
        [[3.0], [2.0]]

    Source: Goodfellow et al., arXiv:1302.4389, section 3. Not in Keras.
    """

    def __init__(
        self,
        units: int,
        pieces: int = 2,
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
        self.units = check.positive_int(self, "units", units)
        self.pieces = check.positive_int(self, "pieces", pieces)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Makes kernel and bias for the size of the last axis."""
        features = check.known_axis(self, input_shape, -1)
        maps = self.units * self.pieces
        self.kernel = self.add_weight(
            (features, maps),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (maps,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Array) -> Array:
        """The largest piece of each unit."""
        maps = ops.dense(inputs, self.kernel, self.bias)
        return jnp.max(maps.reshape(*maps.shape[:-1], self.units, self.pieces), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The input's shape with `units` last."""
        return (*input_shape[:-1], self.units)
