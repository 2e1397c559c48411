"""saliency: which inputs a model's answer hangs on."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import check
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.pictures import as_picture, is_picture, show
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import listed, number, percent
from jaxnn.utils import figures


def saliency(
    model: Any,
    x: Any,
    unit: Any = None,
    smooth: int = 0,
    noise: float = 0.15,
    count: int = 6,
    names: Any = None,
    seed: int = 0,
) -> Exploration:
    """The size of the gradient of one output by each input, |d y_k / d x|: where a small change would move the answer.

    With `smooth` it is the mean over so many noisy copies of the input (SmoothGrad), which leaves out what changes from point to
    point. It tells what the answer would do for tiny changes, not what is typical of a class.

    Args:
        model: takes one float array.
        x: examples, features or images.
        unit: which output; None takes each example's largest.
        smooth: noisy copies an example; 0 takes the gradient itself.
        noise: their deviation, as a part of the range of `x`.
        count: examples in the figure.
        names: of the features, for the figure.
        seed: of the noise.

    Returns:
        An Exploration; its `data` (N rows): `saliency` (N, ...): like x; `unit` (N,): which output; `x`; for features also `mean`
        (features,): over the rows.

    Raises:
        ValueError: for a model of several inputs or outputs, inputs that aren't floats, or an unknown unit.

    Example:
        >>> model = Sequential([Input((3,)), layers.Dense(1)])
        >>> model.set_weights([np.array([[2.0], [0.0], [-1.0]]), np.zeros(1)])
        >>> saliency(model, np.ones((4, 3))).data["mean"].tolist()
        [2.0, 0.0, 1.0]

    Source: K. Simonyan et al., "Deep Inside Convolutional Networks" (2014), section 3; D. Smilkov et al., "SmoothGrad" (2017).
    """
    twin = Twin("explore.saliency", model, x)
    x = np.asarray(twin.one_input())
    if x.dtype.kind not in "f":
        if x.dtype.kind not in "iub" or getattr(twin.model, "input_dtype", "float32").startswith("int"):
            raise ValueError(f"{twin.who}: an output has no slope by inputs of dtype {x.dtype}. Give floats.")
        x = x.astype("float32")
    shape = jax.eval_shape(twin.predict, twin.params, twin.state, x)
    if not hasattr(shape, "shape"):
        raise ValueError(
            f"{twin.who} works on models with one output. Make a Model to the one that you want to look at."
        )
    units = int(np.prod(shape.shape[1:]))
    if unit is not None and not 0 <= unit < units:
        raise ValueError(f"{twin.who}: `unit` must be from 0 to {units - 1}; got {unit}.")
    scale = noise * float(np.ptp(x)) if smooth else 0.0

    @jax.jit
    def run(params: Any, state: Any, x: Any, keys: Any) -> tuple:
        def one(example: Any, key: Any) -> tuple:
            def outputs(e: Any) -> Any:
                return twin.predict(params, state, e[None])[0].reshape(-1)

            k = jnp.argmax(outputs(example)) if unit is None else jnp.int32(unit)
            slope = jax.grad(lambda e: outputs(e)[k])
            if smooth:
                noisy = example + scale * jax.random.normal(key, (smooth, *example.shape), example.dtype)
                return jnp.abs(jax.vmap(slope)(noisy).mean(axis=0)), k
            return jnp.abs(slope(example)), k

        return jax.lax.map(lambda a: one(*a), (x, keys), batch_size=64)

    found, chosen = run(twin.params, twin.state, x, jax.random.split(jax.random.key(seed), len(x)))
    data: dict[str, Any] = {"saliency": np.asarray(found, float), "unit": np.asarray(chosen), "x": x}
    if x.ndim == 2:
        data["mean"] = data["saliency"].mean(axis=0)
    count = min(check.positive_int(twin.who, "count", count), len(x))
    called = None if names is None else list(names)
    return Exploration(data, _finding(data, called), lambda data: _draw(data, count, called))


def _finding(data: dict[str, Any], names: list | None) -> str:
    total = data["saliency"].sum()
    if not total > 0:
        return "The answers don't depend on the inputs here: all slopes are 0."
    flat = np.sort(data["saliency"].reshape(len(data["saliency"]), -1), axis=1)[:, ::-1]
    few = max(1, flat.shape[1] // 10)
    share = flat[:, :few].sum() / total
    if "mean" in data and not is_picture(data["x"].shape[1:]):
        mean = data["mean"]
        best = np.argsort(-mean)[:3]
        called = [f"{names[i] if names else f'feature {i}'} ({number(mean[i])})" for i in best]
        return f"The answers hang most on {listed(called)}, by the mean size of the slope over {len(data['x'])} rows."
    return f"A tenth of the inputs ({few} of {flat.shape[1]}) has {percent(share)} of the slope's size: that is where the answers are made."


def _draw(data: dict[str, Any], count: int, names: list | None) -> Any:
    shape = data["x"].shape[1:]
    if not is_picture(shape):
        return _bars(data, names)
    figure = figures.new_figure(1.5 * count, 3.3, "explore.saliency")
    axes = figure.subplots(2, count, squeeze=False)
    for i in range(count):
        show(axes[0][i], as_picture(data["x"][i]))
        axes[0][i].set_title(f"output {data['unit'][i]}", fontsize="x-small")
        slope = as_picture(data["saliency"][i])
        axes[1][i].imshow(slope.max(axis=-1) if slope.ndim == 3 else slope, cmap=figures.MAP)
        axes[1][i].set_xticks([])
        axes[1][i].set_yticks([])
    axes[0][0].set_ylabel("input", fontsize="small")
    axes[1][0].set_ylabel("|slope|", fontsize="small")
    return figure


def _bars(data: dict[str, Any], names: list | None) -> Any:
    mean = data.get("mean", data["saliency"].reshape(len(data["saliency"]), -1).mean(axis=0))
    order = np.argsort(-mean)[:25]
    figure = figures.new_figure(5.5, 1.1 + 0.26 * len(order), "explore.saliency")
    ax = figure.subplots()
    ax.barh(np.arange(len(order)), mean[order], color=figures.COLOURS[1])
    ax.set_yticks(np.arange(len(order)), [names[i] if names else f"feature {i}" for i in order], fontsize="small")
    ax.invert_yaxis()
    ax.set_xlabel("mean |slope| of the answer")
    figures.bare(ax)
    return figure
