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
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core.types import Array, PyTree


class GradientTransformation(NamedTuple):
    """A pair of pure functions, with the fields of `optax.GradientTransformation` (which costs a slow import).

    Attributes:
        init: `init(params) -> state`.
        update: `update(grads, state, params) -> (updates, state)`; the updates are to be added to the parameters.
    """

    init: Callable[[PyTree], Any]
    update: Callable[..., tuple[PyTree, Any]]


class State(NamedTuple):
    """What a transformation remembers.

    Attributes:
        count: how many steps were done, an int32 scalar.
        slots: by name, a tree shaped like the parameters.
        shared: by name, a scalar that belongs to all parameters together (Nadam's product).
    """

    count: Array
    slots: dict[str, PyTree]
    shared: dict[str, Array]


def sgd(learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False) -> GradientTransformation:
    """Gradient descent: w -= lr g; with momentum mu, m = mu m - lr g and w += m; with Nesterov's, w += mu m - lr g."""
    mu = momentum

    def step(g, w, lr, t, momentum=None):
        if momentum is None:
            return -(g * lr), {}
        momentum = momentum * mu - g * lr
        update = momentum * mu - g * lr if nesterov else momentum
        return update, {"momentum": momentum}

    return _per_variable(learning_rate, step, {"momentum": _zeros} if _used(momentum) else {})


def adagrad(
    learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7
) -> GradientTransformation:
    """Steps that shrink by all squares so far: a += g^2; w -= lr g / sqrt(a + epsilon)."""

    def first(w):
        return np.full(w.shape, initial_accumulator_value, w.dtype)

    def step(g, w, lr, t, accumulator):
        accumulator = accumulator + jnp.square(g)
        return -(lr * g / jnp.sqrt(accumulator + epsilon)), {"accumulator": accumulator}

    return _per_variable(learning_rate, step, {"accumulator": first})


def adadelta(learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7) -> GradientTransformation:
    """Adagrad that forgets, in the units of w: a and b are decaying means of g^2 and d^2.

    d = -sqrt(b + epsilon) g / sqrt(a + epsilon); w += lr d.
    """

    def step(g, w, lr, t, accumulated_grad, accumulated_delta_var):
        accumulated_grad = rho * accumulated_grad + (1 - rho) * jnp.square(g)
        delta = -(jnp.sqrt(accumulated_delta_var + epsilon) * g / jnp.sqrt(accumulated_grad + epsilon))
        accumulated_delta_var = rho * accumulated_delta_var + (1 - rho) * jnp.square(delta)
        return lr * delta, {"accumulated_grad": accumulated_grad, "accumulated_delta_var": accumulated_delta_var}

    return _per_variable(learning_rate, step, {"accumulated_grad": _zeros, "accumulated_delta_var": _zeros})


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

    slots = {"velocity": _zeros}
    if _used(momentum):
        slots["momentum"] = _zeros
    if centered:
        slots["average_gradient"] = _zeros
    return _per_variable(learning_rate, step, slots)


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
    return _per_variable(learning_rate, step, dict.fromkeys(names, _zeros))


def adamax(
    learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
) -> GradientTransformation:
    """Adam by the largest gradient: m += (1 - b1)(g - m); u = max(b2 u, |g|); w -= lr m / ((1 - b1^t)(u + epsilon))."""

    def step(g, w, lr, t, momentum, norm):
        momentum = momentum + (g - momentum) * (1 - beta_1)
        norm = jnp.maximum(beta_2 * norm, jnp.abs(g))
        update = -(lr * momentum / ((1 - _power(beta_1, t)) * (norm + epsilon)))
        return update, {"momentum": momentum, "norm": norm}

    return _per_variable(learning_rate, step, {"momentum": _zeros, "norm": _zeros})


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

    slots = {"momentum": _zeros, "velocity": _zeros}
    return _per_variable(learning_rate, step, slots, shared={"u_product": np.ones((), np.float32)}, advance=advance)


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
    """Follow the regularised leader: n += g^2; z += g - (n^-p - n_old^-p) w / lr; w is set to `ftrl_weight(n, z)`.

    A weight that is set can be written as one that is moved only up to a rounding error of its old value.
    """

    def first(w):
        return np.full(w.shape, initial_accumulator_value, w.dtype)

    def step(g, w, lr, t, accumulator, linear):
        power = jnp.asarray(-learning_rate_power, g.dtype)
        shrunk = g + 2 * l2_shrinkage_regularization_strength * w
        total = accumulator + jnp.square(g)
        linear = linear + (shrunk - (jnp.power(total, power) - jnp.power(accumulator, power)) / lr * w)
        weight = ftrl_weight(
            total, linear, lr, learning_rate_power, l1_regularization_strength, l2_regularization_strength, beta
        )
        return weight - w, {"accumulator": total, "linear": linear}

    return _per_variable(learning_rate, step, {"accumulator": first, "linear": _zeros}, needs_params="ftrl")


def ftrl_weight(
    accumulator: Array, linear: Array, learning_rate: Array, power: float, l1: float, l2: float, beta: float
) -> Array:
    """The leader: (clip(z, -l1, l1) - z) / (n^-p / lr + 2 l2 + beta / lr); exactly 0 where |z| <= l1."""
    l2 = l2 + beta / (2.0 * learning_rate)
    quadratic = jnp.power(accumulator, jnp.asarray(-power, accumulator.dtype)) / learning_rate + 2 * l2
    return (jnp.clip(linear, -l1, l1) - linear) / quadratic


def lion(learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99) -> GradientTransformation:
    """Steps of one size: w -= lr sign(b1 m + (1 - b1) g); then m = b2 m + (1 - b2) g."""

    def step(g, w, lr, t, momentum):
        b1, b2 = jnp.asarray(beta_1, g.dtype), jnp.asarray(beta_2, g.dtype)
        update = -(lr * jnp.sign(momentum * b1 + g * (1.0 - b1)))
        return update, {"momentum": momentum * b2 + g * (1.0 - b2)}

    return _per_variable(learning_rate, step, {"momentum": _zeros})


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

    return _per_variable(learning_rate, step, {"momentum": _zeros, "velocity": _zeros}, needs_params="lamb")


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

    return _per_variable(learning_rate, step, {"r": rows, "c": columns, "velocity": _zeros}, needs_params="adafactor")


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


# --- from one variable to a tree of them -----------------------------------------------------------------------------


def _per_variable(
    learning_rate: Any,
    step: Callable[..., tuple[Array, dict[str, Array]]],
    slots: dict[str, Callable[[Any], np.ndarray]],
    shared: dict[str, np.ndarray] | None = None,
    advance: Callable[[dict, Array], dict] | None = None,
    needs_params: str = "",
) -> GradientTransformation:
    """A transformation of any tree, made of `step(g, w, lr, t, **slots)` for one variable. First values are NumPy's."""

    def init(params: PyTree) -> State:
        trees = {name: jax.tree.map(first, params) for name, first in slots.items()}
        return State(np.zeros((), np.int32), trees, dict(shared or {}))

    def update(grads: PyTree, state: State, params: PyTree = None) -> tuple[PyTree, State]:
        if params is None and needs_params:
            raise ValueError(f"{needs_params}: `update` needs the parameters. Call update(grads, state, params).")
        rate = learning_rate(state.count) if callable(learning_rate) else learning_rate
        count = jnp.asarray(state.count) + 1
        common = advance(state.shared, count) if advance else state.shared
        leaves, structure = jax.tree.flatten(grads)
        variables = leaves if params is None else structure.flatten_up_to(params)
        columns = {name: structure.flatten_up_to(tree) for name, tree in state.slots.items()}
        updates, rows = [], []
        for i, (g, w) in enumerate(zip(leaves, variables, strict=True)):
            w = jnp.asarray(w)
            t, lr = jnp.asarray(count, w.dtype), jnp.asarray(rate, w.dtype)
            row = {name: column[i] for name, column in columns.items()}
            change, row = step(jnp.asarray(g, w.dtype), w, lr, t, **row, **common)
            updates.append(change)
            rows.append(row)
        trees = {name: structure.unflatten([row[name] for row in rows]) for name in columns}
        return structure.unflatten(updates), State(count, trees, common)

    return GradientTransformation(init, update)


def _zeros(w: Any) -> np.ndarray:
    return np.zeros(w.shape, w.dtype)


def _used(momentum: Any) -> bool:
    """Whether a momentum is used: a number is known to be 0 or not, an array (of a sweep) is taken to be used."""
    return not isinstance(momentum, int | float) or momentum > 0


def _power(beta: Any, t: Array) -> Array:
    return jnp.power(jnp.asarray(beta, t.dtype), t)


def _rms(x: Array) -> Array:
    return jnp.sqrt(jnp.mean(jnp.square(x)))
