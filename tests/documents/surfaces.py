"""Three surfaces to walk down, and how an optimiser walks. Each is a function of two coordinates."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core.variable import Variable

START = np.array([5.0, 1.0, 2.0, 0.5, 0.5, 1e-3])


def surface(w):
    """All three, side by side: these optimisers move every coordinate by its own slope, so they don't meet."""
    x1, y1, x2, y2, x3, y3 = w
    bumpy = x1**2 / 20 + 0.15 * jnp.sin(3 * x1) + y1**2 / 2
    ravine = (x2**2 + 40 * y2**2) / 2
    saddle = (x3**2 - y3**2) / 2
    return bumpy + ravine + saddle


def slope(w):
    """The same by hand."""
    x1, y1, x2, y2, x3, y3 = w
    return np.array([x1 / 10 + 0.45 * np.cos(3 * x1), y1, x2, 40 * y2, x3, -y3])


def walk(optimizer, steps, start=START):
    """Where jaxnn's optimiser is before each step, and after the last: a scan over its pure step."""
    w = Variable(start, name="w")
    optimizer.build([w])

    def step(carry, _):
        (w,), own = carry
        return optimizer.stateless_apply(own, [jax.grad(surface)(w)], [w]), w

    first = [w.value], [v.value for v in optimizer.variables]
    return np.asarray(jax.lax.scan(step, first, None, steps + 1)[1], float)


def walk_by_hand(rule, steps, start=START):
    """The same in NumPy: `rule(g, memory, t)` gives the step; what it keeps is in the dictionary `memory`."""
    path, memory = [np.array(start, float)], {}
    for t in range(1, steps + 1):
        path.append(path[-1] + rule(slope(path[-1]), memory, t))
    return np.array(path)
