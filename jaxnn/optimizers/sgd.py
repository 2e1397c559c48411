"""SGD: gradient descent, with momentum and Nesterov's look ahead."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.optimizers import transforms
from jaxnn.optimizers.transform_optimizer import TransformOptimizer, takes_base_arguments
from jaxnn.optimizers.transformation import GradientTransformation


@registry.export("optimizers")
@takes_base_arguments
class SGD(TransformOptimizer):
    """Gradient descent: w -= learning_rate * g.

    With momentum, velocity = momentum * velocity - learning_rate * g and w += velocity. With Nesterov's,
    w += momentum * velocity - learning_rate * g.

    Args:
        learning_rate: the step's length per unit of gradient.
        momentum: the share of the last step that is made again, in [0, 1].
        nesterov: whether to look ahead.
        **kwargs: see `Optimizer`.

    Raises:
        ValueError: for a momentum outside [0, 1].

    Example:
        >>> w = Variable([1.0, 2.0])
        >>> _ = SGD(0.5).apply_gradients([(jnp.array([1.0, -1.0]), w)])
        >>> w.numpy()
        array([0.5, 2.5], dtype=float32)

    Source: https://keras.io/api/optimizers/sgd/. The learning rate is part of the velocity, as in Keras: at a constant
    rate the path is that of `optax.sgd`, at a changing one it is not.
    """

    slots = ({"momentums": "momentum"},)

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any):
        super().__init__(learning_rate, **kwargs)
        if isinstance(momentum, bool) or not isinstance(momentum, int | float) or not 0 <= momentum <= 1:
            raise ValueError(f"`momentum` must be a float between [0, 1]. Received: momentum={momentum}")
        self.momentum = momentum
        self.nesterov = nesterov

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        return transforms.sgd(learning_rate, self.momentum, self.nesterov)
