"""The arithmetic of Keras's optimisers as pure gradient transformations, in optax's form.

    transformation = adam(1e-3)
    state = transformation.init(params)
    updates, state = transformation.update(grads, state, params)
    params = jax.tree.map(jnp.add, params, updates)

They can be chained with optax's, and its `inject_hyperparams` takes them. optax's own `adam`, `sgd` and the rest compute
something else: its Adam corrects the bias before it adds epsilon, its momentum leaves the learning rate outside the
velocity. Here every sum and product stands in Keras's order, so that training gives Keras's numbers to the bit.

The optimiser classes own the state as Variables and call these on one variable at a time.

In the equations g is the gradient, w the variable, lr the learning rate and t = 1, 2, ... the step. A learning rate is
a number, an array, or a function of the count of steps done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core.types import Array
from jaxnn.optimizers.transformation import GradientTransformation, Set, per_variable, zeros


def sgd(learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False) -> GradientTransformation:
    """Gradient descent: w -= lr g; with momentum mu, m = mu m - lr g and w += m; with Nesterov's, w += mu m - lr g."""
    mu = momentum

    def step(g, w, lr, t, momentum=None):
        if momentum is None:
            return -(g * lr), {}
        momentum = momentum * mu - g * lr
        update = momentum * mu - g * lr if nesterov else momentum
        return update, {"momentum": momentum}

    return per_variable(learning_rate, step, {"momentum": zeros} if _used(momentum) else {})


def adagrad(
    learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7
) -> GradientTransformation:
    """Steps that shrink by all squares so far: a += g^2; w -= lr g / sqrt(a + epsilon)."""

    def first(w):
        return np.full(w.shape, initial_accumulator_value, w.dtype)

    def step(g, w, lr, t, accumulator):
        accumulator = accumulator + jnp.square(g)
        return -(lr * g / jnp.sqrt(accumulator + epsilon)), {"accumulator": accumulator}

    return per_variable(learning_rate, step, {"accumulator": first})


def adadelta(learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7) -> GradientTransformation:
    """Adagrad that forgets, in the units of w: a and b are decaying means of g^2 and d^2.

    d = -sqrt(b + epsilon) g / sqrt(a + epsilon); w += lr d.
    """

    def step(g, w, lr, t, accumulated_grad, accumulated_delta_var):
        accumulated_grad = rho * accumulated_grad + (1 - rho) * jnp.square(g)
        delta = -(jnp.sqrt(accumulated_delta_var + epsilon) * g / jnp.sqrt(accumulated_grad + epsilon))
        accumulated_delta_var = rho * accumulated_delta_var + (1 - rho) * jnp.square(delta)
        return lr * delta, {"accumulated_grad": accumulated_grad, "accumulated_delta_var": accumulated_delta_var}

    return per_variable(learning_rate, step, {"accumulated_grad": zeros, "accumulated_delta_var": zeros})


def rmsprop(
    learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7, centered: bool = False
) -> GradientTransformation:
    """Steps in units of the gradient's size: v = rho v + (1 - rho) g^2; w -= lr g / sqrt(v + epsilon).

    Centred, v loses the square of the mean gradient; with momentum mu the steps d add up to m = mu m + d.
    """
    mu = momentum

    def step(g, w, lr, t, velocity, momentum=None, average_gradient=None):
        velocity = rho * velocity + (1 - rho) * jnp.square(g)
        slots, denominator = {"velocity": velocity}, velocity + epsilon
        if centered:
            average_gradient = rho * average_gradient + (1 - rho) * g
            slots["average_gradient"] = average_gradient
            denominator = velocity - jnp.square(average_gradient) + epsilon
        increment = lr * g / jnp.sqrt(denominator)
        if momentum is not None:
            increment = slots["momentum"] = mu * momentum + increment
        return -increment, slots

    slots = {"velocity": zeros}
    if _used(momentum):
        slots["momentum"] = zeros
    if centered:
        slots["average_gradient"] = zeros
    return per_variable(learning_rate, step, slots)


def adam(
    learning_rate: Any = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    amsgrad: bool = False,
) -> GradientTransformation:
    """The mean gradient in units of its size: m += (1 - b1)(g - m); v += (1 - b2)(g^2 - v).

    w -= m lr sqrt(1 - b2^t) / (1 - b1^t) / (sqrt(v) + epsilon): epsilon stays outside the bias correction.
    """

    def step(g, w, lr, t, momentum, velocity, velocity_hat=None):
        alpha = lr * jnp.sqrt(1 - _power(beta_2, t)) / (1 - _power(beta_1, t))
        momentum = momentum + (g - momentum) * (1 - beta_1)
        velocity = velocity + (jnp.square(g) - velocity) * (1 - beta_2)
        slots, v = {"momentum": momentum, "velocity": velocity}, velocity
        if amsgrad:
            v = slots["velocity_hat"] = jnp.maximum(velocity_hat, velocity)
        return -(momentum * alpha / (jnp.sqrt(v) + epsilon)), slots

    names = ("momentum", "velocity", "velocity_hat") if amsgrad else ("momentum", "velocity")
    return per_variable(learning_rate, step, dict.fromkeys(names, zeros))


def adamax(
    learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
) -> GradientTransformation:
    """Adam by the largest gradient: m += (1 - b1)(g - m); u = max(b2 u, |g|); w -= lr m / ((1 - b1^t)(u + epsilon))."""

    def step(g, w, lr, t, momentum, norm):
        momentum = momentum + (g - momentum) * (1 - beta_1)
        norm = jnp.maximum(beta_2 * norm, jnp.abs(g))
        update = -(lr * momentum / ((1 - _power(beta_1, t)) * (norm + epsilon)))
        return update, {"momentum": momentum, "norm": norm}

    return per_variable(learning_rate, step, {"momentum": zeros, "norm": zeros})


def nadam(
    learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
) -> GradientTransformation:
    """Adam whose momentum looks one step ahead: u_t = b1 (1 - 0.96^t / 2), U_t their product.

    w -= lr (u_{t+1} m / (1 - U_{t+1}) + (1 - u_t) g / (1 - U_t)) / (sqrt(v / (1 - b2^t)) + epsilon).
    """

    def advance(shared, t):
        return {"u_product": nadam_product(jnp.asarray(shared["u_product"]), beta_1, t)}

    def step(g, w, lr, t, momentum, velocity, u_product):
        # in the variable's precision, where 1 - beta is not what Python makes of it
        b1, b2, decay = (jnp.asarray(x, g.dtype) for x in (beta_1, beta_2, 0.96))
        u_t = b1 * (1.0 - 0.5 * jnp.power(decay, t))
        u_next = b1 * (1.0 - 0.5 * jnp.power(decay, t + 1))
        product = u_product.astype(g.dtype)
        momentum = momentum + (g - momentum) * (1 - b1)
        velocity = velocity + (jnp.square(g) - velocity) * (1 - b2)
        m_hat = u_next * momentum / (1 - product * u_next) + (1 - u_t) * g / (1 - product)
        v_hat = velocity / (1 - jnp.power(b2, t))
        return -(m_hat * lr / (jnp.sqrt(v_hat) + epsilon)), {"momentum": momentum, "velocity": velocity}

    slots = {"momentum": zeros, "velocity": zeros}
    return per_variable(learning_rate, step, slots, shared={"u_product": np.ones((), np.float32)}, advance=advance)


def nadam_product(product: Array, beta_1: Any, t: Any) -> Array:
    """U_t from U_{t-1}: the product of Nadam's momenta up to step t."""
    return product * beta_1 * (1.0 - 0.5 * jnp.power(0.96, jnp.asarray(t, product.dtype)))


def ftrl(
    learning_rate: Any = 0.001,
    learning_rate_power: float = -0.5,
    initial_accumulator_value: float = 0.1,
    l1_regularization_strength: float = 0.0,
    l2_regularization_strength: float = 0.0,
    l2_shrinkage_regularization_strength: float = 0.0,
    beta: float = 0.0,
) -> GradientTransformation:
    """Follow the regularised leader: n += g^2; z += g - (n^-p - n_old^-p) w / lr.

    w is set to (clip(z, -l1, l1) - z) / (n^-p / lr + 2 l2 + beta / lr): exactly zero where |z| <= l1.
    """
    l1 = l1_regularization_strength

    def first(w):
        return np.full(w.shape, initial_accumulator_value, w.dtype)

    def step(g, w, lr, t, accumulator, linear):
        power = jnp.asarray(-learning_rate_power, g.dtype)
        l2 = l2_regularization_strength + beta / (2.0 * lr)
        shrunk = g + 2 * l2_shrinkage_regularization_strength * w
        total = accumulator + jnp.square(g)
        linear = linear + (shrunk - (jnp.power(total, power) - jnp.power(accumulator, power)) / lr * w)
        quadratic = jnp.power(total, power) / lr + 2 * l2
        return Set((jnp.clip(linear, -l1, l1) - linear) / quadratic), {"accumulator": total, "linear": linear}

    return per_variable(learning_rate, step, {"accumulator": first, "linear": zeros}, needs_params="ftrl")


def lion(learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99) -> GradientTransformation:
    """Steps of one size: w -= lr sign(b1 m + (1 - b1) g); then m = b2 m + (1 - b2) g."""

    def step(g, w, lr, t, momentum):
        b1, b2 = jnp.asarray(beta_1, g.dtype), jnp.asarray(beta_2, g.dtype)
        update = -(lr * jnp.sign(momentum * b1 + g * (1.0 - b1)))
        return update, {"momentum": momentum * b2 + g * (1.0 - b2)}

    return per_variable(learning_rate, step, {"momentum": zeros})


def lamb(
    learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
) -> GradientTransformation:
    """Adam's direction d (bias corrected), its length made the variable's: w -= ||w|| / ||d|| lr d."""

    def step(g, w, lr, t, momentum, velocity):
        momentum = momentum + (g - momentum) * (1 - beta_1)
        velocity = velocity + (jnp.square(g) - velocity) * (1 - beta_2)
        m_hat = momentum / (1.0 - _power(beta_1, t))
        direction = m_hat / (jnp.sqrt(velocity / (1.0 - _power(beta_2, t))) + epsilon)
        w_norm, d_norm = (jnp.sqrt(jnp.sum(jnp.power(x, jnp.asarray(2, x.dtype)))) for x in (w, direction))
        ratio = jnp.where(w_norm > 0, jnp.where(d_norm > 0, w_norm / d_norm, 1.0), 1.0)
        return -(ratio * lr * direction), {"momentum": momentum, "velocity": velocity}

    return per_variable(learning_rate, step, {"momentum": zeros, "velocity": zeros}, needs_params="lamb")


def adafactor(
    learning_rate: Any = 0.001,
    beta_2_decay: float = -0.8,
    epsilon_1: float = 1e-30,
    epsilon_2: float = 1e-3,
    clip_threshold: float = 1.0,
    relative_step: bool = True,
) -> GradientTransformation:
    """RMSprop whose mean square of a matrix is kept as its row means r and column means c: v = r c / mean(r).

    With d = g / sqrt(v), clipped in its root mean square, w -= max(epsilon_2, rms(w)) min(lr, 1 / sqrt(t)) d.
    """
    relative_step = relative_step and not callable(learning_rate)

    def rows(w):
        return np.zeros(w.shape[:-1], w.dtype) if len(w.shape) >= 2 else np.zeros((), np.int32)

    def columns(w):
        return np.zeros((*w.shape[:-2], w.shape[-1]), w.dtype) if len(w.shape) >= 2 else np.zeros((), np.int32)

    def step(g, w, lr, t, r, c, velocity):
        lr = jnp.minimum(lr, 1 / jnp.sqrt(t)) if relative_step else lr
        alpha = jnp.maximum(jnp.asarray(epsilon_2, g.dtype), _rms(w)) * jnp.minimum(lr, 1 / jnp.sqrt(t))
        squared = jnp.square(g) + epsilon_1
        beta_2 = 1 - jnp.power(t, jnp.asarray(beta_2_decay, g.dtype))
        if w.ndim >= 2:
            r = beta_2 * r + (1 - beta_2) * jnp.mean(squared, axis=-1)
            c = beta_2 * c + (1 - beta_2) * jnp.mean(squared, axis=-2)
            velocity = jnp.expand_dims(r / jnp.mean(r, axis=-1, keepdims=True), -1) * jnp.expand_dims(c, -2)
        else:
            velocity = beta_2 * velocity + (1 - beta_2) * squared
        direction = g / jnp.sqrt(velocity)
        direction = direction / jnp.maximum(jnp.asarray(1, g.dtype), _rms(direction) / clip_threshold)
        return -(alpha * direction), {"r": r, "c": c, "velocity": velocity}

    return per_variable(learning_rate, step, {"r": rows, "c": columns, "velocity": zeros}, needs_params="adafactor")


def muon(
    learning_rate: Any = 0.001,
    momentum: float = 0.95,
    nesterov: bool = True,
    direction: Callable[[Array], Array] | None = None,
    lengthen: Callable[[Array], Array] | None = None,
) -> GradientTransformation:
    """For matrices: the momentum m = mu m + g; w -= lengthen(lr direction(m)).

    `direction` is `orthogonalize` unless given, and `lengthen` is `lengthen_as_adam`.
    """
    mu, direction, lengthen = momentum, direction or orthogonalize, lengthen or lengthen_as_adam

    def step(g, w, lr, t, momentum):
        momentum = momentum + (g + momentum * (mu - 1))
        update = lr * direction(g + mu * momentum if nesterov else momentum)
        return -lengthen(update), {"momentum": momentum}

    return per_variable(learning_rate, step, {"momentum": zeros})


def lengthen_as_adam(x: Array, rms_rate: float | None = 0.2) -> Array:
    """X sqrt(longer side) rms_rate: an orthogonal matrix gets entries about as large as Adam's steps. None: x.

    Source: Liu et al., arXiv:2502.16982, equation 4.
    """
    return x if rms_rate is None else x * jnp.sqrt(jnp.asarray(max(x.shape), x.dtype)) * rms_rate


def orthogonalize(
    x: Array, steps: int = 5, coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315)
) -> Array:
    """About U V^T of a matrix U S V^T, by Newton and Schulz's iteration x <- a x + (b x x^T + c (x x^T)^2) x.

    The coefficients are chosen for speed: singular values end between 0.7 and 1.2. Source: Jordan et al., Muon (2024).
    """
    a, b, c = coefficients
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (jnp.linalg.norm(x, keepdims=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


def schedule_free_adamw(
    learning_rate: Any = 0.0025,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    warmup_steps: int = 0,
) -> GradientTransformation:
    """Steps at a point z, their mean x, and the parameters between: w = (1 - b1) z + b1 x.

    z -= lr g / (sqrt(v / (1 - b2^t)) + epsilon); x += (z - x) / t. x is not kept: w and z give it back.
    """

    def first(w):
        return np.zeros(w.shape, w.dtype) if isinstance(w, jax.ShapeDtypeStruct) else jnp.array(w)

    def step(g, w, lr, t, momentum, velocity):
        b1, b2 = jnp.asarray(beta_1, g.dtype), jnp.asarray(beta_2, g.dtype)
        if warmup_steps > 0:
            lr = lr * jnp.minimum(t / jnp.asarray(warmup_steps, g.dtype), 1.0)
        velocity = velocity + (jnp.square(g) - velocity) * (1 - b2)
        x = (w - (1 - b1) * momentum) / b1
        momentum = momentum - lr * g / (jnp.sqrt(velocity / (1 - jnp.power(b2, t))) + jnp.asarray(epsilon, g.dtype))
        share = 1.0 / t
        x = (1 - share) * x + share * momentum
        return Set((1 - b1) * momentum + b1 * x), {"momentum": momentum, "velocity": velocity}

    slots = {"momentum": first, "velocity": zeros}
    return per_variable(learning_rate, step, slots, needs_params="schedule_free_adamw")


def normalize_gradient() -> GradientTransformation:
    """Makes each variable's gradient g / ||g||: the step's length is then the learning rate, whatever the slope.

    A gradient of zeros stays zeros. Chain it before an optimiser of optax's form, and give the chain to `compile`.

    Example:
        >>> import optax
        >>> model.compile(optax.chain(normalize_gradient(), optax.sgd(0.1)), "mse")  # doctest: +SKIP

    Source: Hazan, Levy and Shalev-Shwartz, "Beyond convexity: stochastic quasi-convex optimization" (2015).
    """

    def normalized(g):
        norm = jnp.sqrt(jnp.sum(jnp.square(g)))
        return jnp.where(norm > 0, g / jnp.where(norm > 0, norm, 1), 0)

    return GradientTransformation(
        init=lambda params: (), update=lambda grads, state, params=None: (jax.tree.map(normalized, grads), state)
    )


def _used(momentum: Any) -> bool:
    """Whether a momentum is used: a number is known to be 0 or not, an array (of a sweep) is taken to be used."""
    return not isinstance(momentum, int | float) or momentum > 0


def _power(beta: Any, t: Array) -> Array:
    return jnp.power(jnp.asarray(beta, t.dtype), t)


def _rms(x: Array) -> Array:
    return jnp.sqrt(jnp.mean(jnp.square(x)))
