"""Muon: matrices move by orthogonal steps, everything else by AdamW's."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jaxnn.core import registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.core.variable import Variable
from jaxnn.optimizers import transforms
from jaxnn.optimizers.transform_optimizer import TransformOptimizer
from jaxnn.optimizers.transformation import GradientTransformation


@registry.export("optimizers")
class Muon(TransformOptimizer):
    """Moves a matrix by its momentum with all singular values made about 1; other variables by AdamW.

    Give the name of the output layer in `exclude_layers`: embeddings and the last layer are better off with AdamW.

    Args:
        learning_rate: the largest singular value of a step, times `rms_rate * sqrt(longer side)`.
        adam_beta_1: as Adam's.
        adam_beta_2: as Adam's.
        adam_weight_decay: `weight_decay` of the variables that AdamW moves.
        epsilon: as Adam's.
        weight_decay: see `Optimizer`; of the matrices.
        exclude_layers: patterns; a variable whose path has one of them is moved by AdamW.
        exclude_embeddings: whether AdamW moves variables with 'embedding' in their path.
        muon_a: the iteration's coefficients.
        muon_b: the same.
        muon_c: the same.
        adam_lr_ratio: AdamW's learning rate is this times `learning_rate`.
        momentum: the share of the past in the momentum.
        ns_steps: how many Newton-Schulz iterations.
        nesterov: whether to look ahead.
        rms_rate: makes the steps about as long as Adam's; None leaves the step's singular values at `learning_rate`.
        **kwargs: see `Optimizer`.

    Example:
        >>> w = Variable([[1.0, 0.0], [0.0, 1.0]], name="kernel")
        >>> _ = Muon(0.1, rms_rate=None, weight_decay=None).apply_gradients([(jnp.array([[5.0, 0.0], [0.0, 5.0]]), w)])
        >>> w.numpy().round(1)
        array([[0.9, 0. ], [0. , 0.9]], dtype=float32)

    Source: Jordan et al. (2024), github.com/KellerJordan/Muon; Liu et al., arXiv:2502.16982; keras.io/api/optimizers/muon/
    """

    slots = ({"momentums": "momentum", "adam_velocities": "velocity"},)
    _own_arguments = (
        "adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "exclude_layers", "exclude_embeddings", "muon_a",
        "muon_b", "muon_c", "adam_lr_ratio", "momentum", "ns_steps", "nesterov", "rms_rate",
    )  # fmt: skip

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Any,
    ):
        super().__init__(learning_rate, weight_decay=weight_decay, **kwargs)
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = list(exclude_layers or [])
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step of a matrix, as a pure transformation at this learning rate."""
        direction = functools.partial(self.zeropower_via_newtonschulz5, steps=self.ns_steps)
        return transforms.muon(learning_rate, self.momentum, self.nesterov, direction, self.lr_adjust)

    def zeropower_via_newtonschulz5(self, x: ArrayLike, steps: int) -> Array:
        """A matrix with its singular values made about 1, in so many iterations; see `transforms.orthogonalize`.

        Raises:
            ValueError: for fewer than two axes.
        """
        x = jnp.asarray(x)
        if x.ndim < 2:
            raise ValueError(
                f"Expected gradient or momentum to have at least 2 dimensions. Received: shape={x.shape}. Vectors are "
                "moved by AdamW."
            )
        return transforms.orthogonalize(x, steps, (self.muon_a, self.muon_b, self.muon_c))

    def lr_adjust(self, x: ArrayLike) -> Array:
        """A step made about as long as Adam's by `rms_rate`; see `transforms.lengthen_as_adam`."""
        return transforms.lengthen_as_adam(jnp.asarray(x), self.rms_rate)

    def _transform_of(self, variable: Variable, learning_rate: Any) -> GradientTransformation:
        if self._should_use_adamw(variable):
            return transforms.adam(learning_rate * self.adam_lr_ratio, self.adam_beta_1, self.adam_beta_2, self.epsilon)
        return self.transform(learning_rate)

    def _should_use_adamw(self, variable: Variable) -> bool:
        embedding = self.exclude_embeddings and "embedding" in variable.path.lower()
        return len(variable.shape) != 2 or embedding or any(re.search(x, variable.path) for x in self.exclude_layers)

    def _weight_decay_of(self, variable: Variable) -> float | None:
        return self.adam_weight_decay if self._should_use_adamw(variable) else self.weight_decay
