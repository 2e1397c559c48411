"""Ways to train on images: convolutions by patches or by XLA, poolings by slices or by XLA, in a loop or a step a call."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.timing import Contest, rounds_of
from jaxnn.ops import convolution_ways as lowering
from jaxnn.ops import pooling, windows
from jaxnn.ops.convolution_ways import Form

CONVOLUTIONS = (  # batch, side, channels, filters, window; the first two are a small network's
    (32, 28, 1, 32, 3),
    (32, 13, 32, 64, 3),
    (128, 13, 32, 64, 3),
    (32, 32, 3, 16, 3),
    (32, 16, 64, 64, 1),
    (32, 16, 16, 32, 5),
    (2, 56, 64, 64, 3),
    (32, 16, 64, 64, 7),
)
DEPTHWISE = (
    (8, 32, 64, 1, 3),
    (32, 14, 128, 1, 3),
    (8, 32, 32, 2, 3),
    (8, 14, 192, 1, 7),
)  # multiplier in fourth place
GROUPED = ((8, 28, 128, 128, 3, 32), (8, 32, 64, 64, 3, 2), (32, 14, 240, 240, 1, 3))  # the groups last
TRANSPOSED = ((32, 7, 128, 64, 5, 2), (32, 8, 32, 16, 3, 2), (32, 14, 32, 32, 3, 1))  # the strides last
POOLINGS = ((32, 26, 32, 2, 2), (32, 26, 32, 3, 2), (32, 26, 32, 3, 1))  # batch, side, channels, window, stride
STEPS = 4  # of a run, in one loop, as `fit` has them


def contests(rounds: int = 9) -> list[Contest]:
    """A contest for each size; the first contestant is what `ways` says for CPUs."""
    return [
        *(_convolution(*size, "both gradients", _descend, rounds) for size in CONVOLUTIONS),
        *(_convolution(*size, "values alone", _compute, rounds) for size in CONVOLUTIONS[:2]),
        *(_depthwise(*size, "both gradients", _descend, rounds) for size in DEPTHWISE),
        *(_depthwise(*size, "values alone", _compute, rounds) for size in DEPTHWISE[:2]),
        *(_grouped(*size, rounds) for size in GROUPED),
        *(_transposed(*size, rounds) for size in TRANSPOSED),
        *(_pooling(*size, rounds) for size in POOLINGS),
    ]


def _convolution(
    batch: int, side: int, channels: int, filters: int, window: int, what: str, task: Callable, rounds: int
) -> Contest:
    title = f"{channels} to {filters} channels, window {window}, {batch} images of {side} x {side}: {what}"
    form = Form((1, 1), ((0, 0), (0, 0)), (1, 1), 1, "channels_last")
    operands = [_drawn(batch, side, side, channels), _drawn(window, window, channels, filters)]
    return _contest("convolution", title, {"patches": lowering._by_patches}, task, operands, form, rounds)


def _depthwise(
    batch: int, side: int, channels: int, each: int, window: int, what: str, task: Callable, rounds: int
) -> Contest:
    title = (
        f"depthwise, {each} for each of {channels} channels, window {window}, {batch} images of {side} x {side}: {what}"
    )
    form = Form((1, 1), ((0, 0), (0, 0)), (1, 1), channels, "channels_last")
    operands = [_drawn(batch, side, side, channels), _drawn(window, window, 1, channels * each)]
    return _contest("depthwise", title, {"slices": lowering._by_slices}, task, operands, form, rounds)


def _grouped(batch: int, side: int, channels: int, filters: int, window: int, groups: int, rounds: int) -> Contest:
    title = f"{groups} groups of {channels} to {filters} channels, window {window}, {batch} x {side} x {side}: both gradients"
    form = Form((1, 1), ((0, 0), (0, 0)), (1, 1), groups, "channels_last")
    operands = [_drawn(batch, side, side, channels), _drawn(window, window, channels // groups, filters)]
    return _contest("convolution", title, {"patches": lowering._by_patches}, _descend, operands, form, rounds)


def _transposed(batch: int, side: int, channels: int, filters: int, window: int, stride: int, rounds: int) -> Contest:
    title = f"transposed, {channels} to {filters} channels, window {window}, strides {stride}, {batch} x {side} x {side}: both gradients"
    form = Form((stride, stride), ((0, 0), (0, 0)), (1, 1), 1, "channels_last")
    settings = lowering._Spread(form, ((side - 1) * stride + window,) * 2)
    operands = [_drawn(batch, side, side, channels), _drawn(window, window, filters, channels)]
    ways = {"patches": lowering._spread_by_patches, "XLA": lowering._spread_by_xla}
    return _contest("convolution", title, ways, _descend, operands, settings, rounds)


def _contest(
    family: str, title: str, ways: dict[str, Callable], task: Callable, operands: list, form: Any, rounds: int
) -> Contest:
    """Each way in a loop and step by step; XLA's convolution is always among them."""
    measures = {}
    for name, way in {"XLA": lowering._by_xla, **ways}.items():
        step = functools.partial(functools.partial(task, form=form), way)
        measures[f"{name}, in a loop"] = _looped(step, operands)
        measures[f"{name}, a step a call"] = _called(step, operands)
    first = f"{next(iter(ways))}, in a loop"
    ordered = {first: measures.pop(first), **measures}
    return Contest(family, title, "ms", rounds_of(title, ordered, rounds, {"XLA, in a loop": 3}))


def _descend(way: Callable, x: Any, kernel: Any, form: Any) -> tuple:
    """A step down on the sum of squares, by both operands."""
    y, back = jax.vjp(lambda x, kernel: way(x, kernel, form), x, kernel)
    dx, dkernel = back(y)
    return x - 1e-6 * dx, kernel - 1e-6 * dkernel


def _compute(way: Callable, x: Any, kernel: Any, form: Any) -> tuple:
    """The next step's images hang on the values, or a loop would compute them once."""
    return x + 1e-6 * jnp.mean(way(x, kernel, form)), kernel


def _pooling(batch: int, side: int, channels: int, window: int, stride: int, rounds: int) -> Contest:
    title = f"max-pooling {window} x {window}, strides {stride}, {batch} x {side} x {side} x {channels}: the gradient"
    sizes, strides = (1, window, window, 1), (1, stride, stride, 1)

    def by_xla(x: Any) -> Any:
        return lax.reduce_window(x, -np.inf, lax.max, sizes, strides, "VALID")

    def by_maximum(x: Any) -> Any:  # another gradient where several numbers are the largest
        return functools.reduce(jnp.maximum, windows.slices(x, sizes, strides, (1, 1, 1, 1)))

    def step(way: Callable, x: Any) -> tuple:
        y, back = jax.vjp(way, x)
        return (x - 1e-6 * back(y)[0],)

    ways = {"slices": lambda x: pooling._largest(x, sizes, strides), "maximum": by_maximum, "XLA": by_xla}
    operands = [_drawn(batch, side, side, channels)]
    measures = {name: _looped(functools.partial(step, way), operands) for name, way in ways.items()}
    return Contest("pooling", title, "ms", rounds_of(title, measures, rounds))


def _drawn(*shape: int) -> Any:
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.standard_normal(shape, "float32") / shape[-1] ** 0.5)


def _looped(step: Callable, operands: list) -> Callable[[], float]:
    return _measure(jax.jit(lambda *a: lax.fori_loop(0, STEPS, lambda _, c: step(*c), tuple(a))), operands, STEPS)


def _called(step: Callable, operands: list) -> Callable[[], float]:
    return _measure(jax.jit(step), operands, 1)


def _measure(run: Callable, operands: list, steps: int) -> Callable[[], float]:
    jax.block_until_ready(run(*operands))  # compiled here

    def seconds() -> float:
        started = time.perf_counter()
        jax.block_until_ready(run(*operands))
        return (time.perf_counter() - started) / steps

    return seconds
