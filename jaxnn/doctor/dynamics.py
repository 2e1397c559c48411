"""How a model starts to learn: its units, its gradients, and what the learning rate does in a few steps.

Each check is a function of a `Trial` and what the layers put out on its probe; nothing moves the model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from jaxnn import losses
from jaxnn.core import check
from jaxnn.doctor.case import Case
from jaxnn.doctor.endings import ending
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.ignoring import is_ignored
from jaxnn.doctor.outputs import births, parts, run
from jaxnn.doctor.targets import BINARY, ONE_HOT, SPARSE
from jaxnn.doctor.terms import Term
from jaxnn.doctor.texts import Text
from jaxnn.doctor.trial import STEPS, Run, Trial

WHO = "doctor"
_FEW = 4  # units, or layers, of which little can be said
_DEAD, _SATURATED = 0.5, 0.5  # shares of a layer
_ENDS = {"sigmoid": (0.01, 0.99), "hard_sigmoid": (0.01, 0.99), "tanh": (-0.98, 0.98)}
_VANISHING, _EXPLODING = 1e-3, 1e3
_SURE = 2.0  # times the loss of an even guess
_RISEN = 1.5
_LOWER, _HIGHER = (0.1, 0.01, 1e-3, 1e-4), (10.0, 100.0, 1e3, 1e4, 1e5)  # times the learning rate
_STILL, _FALLEN = 2e-3, 0.9  # of the loss: hardly falling in an epoch, falling well in a trial


def collect_dynamics(case: Case, trial: Trial) -> list[Finding]:
    """What a forward pass, a backward pass and some trial steps show."""
    found = [finding for check in DYNAMIC_CHECKS for finding in check(case, trial)]
    return [finding for finding in found if not is_ignored(finding.code)]


def check_born(case: Case, trial: Trial) -> Iterator[Finding]:
    """Layers that `call` makes."""
    born: list[Any] = []
    trainable, rest, _, tracked = trial.state
    with births(born):
        x, y, weight = trial.probe
        step = trial.model.compute_loss_and_updates
        jax.eval_shape(lambda t: step(t, rest, tracked, x, y, weight, training=False)[0], trainable)
    if born:
        what = ", ".join(dict.fromkeys(type(layer).__name__ for layer in born))
        fact = Text("layer-made-in-call", model=check.name_of(case.model), what=what)
        yield Finding("layer-made-in-call", WHO, fact, Text("layer-made-in-call/help"))


def check_units(case: Case, trial: Trial) -> Iterator[Finding]:
    """Units that are off for all samples, or stuck at their activation's ends."""
    _, seen = run(trial.model, trial.probe[0])
    last = {id(end.layer) for term in case.terms if (end := ending(trial.model, term.place))}
    for layer, values in seen:
        activation = _activation(layer)
        units = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1)
        if activation == "relu" and units.shape[1] >= _FEW:
            dead = int((units <= 0).all(axis=0).sum())
            if dead > _DEAD * units.shape[1]:
                numbers = {"dead": dead, "units": units.shape[1], "samples": len(values)}
                fact = Text("dead-units", layer=check.name_of(layer), **numbers)
                yield Finding("dead-units", WHO, fact, Text("dead-units/help"), "warning")
        elif activation in _ENDS and id(layer) not in last and layer is not seen[-1].layer:
            low, high = _ENDS[activation]
            share = float(((units < low) | (units > high)).mean())
            if share > _SATURATED:
                fact = Text("saturated-units", share=share, layer=check.name_of(layer), activation=activation)
                yield Finding("saturated-units", WHO, fact, Text("saturated-units/help"), "warning")


def check_start(case: Case, trial: Trial) -> Iterator[Finding]:
    """A first loss far above that of an even guess."""
    if trial.model.optimizer.iterations.numpy() > 0 or len(case.terms) != 1:
        return
    term = case.terms[0]
    if term.loss not in (*BINARY[:1], *SPARSE[:1], *ONE_HOT[:1]) or not term.shape:
        return
    y_pred, _ = run(trial.model, trial.probe[0], training=False)
    value = float(np.mean(_each(term, trial.probe[1], y_pred)))
    classes = 2 if term.loss in BINARY else term.shape[-1]
    if classes > 1 and math.isfinite(value) and value > _SURE * math.log(classes):
        even = f"{math.log(classes):.3g}"
        fact = Text("initial-loss", name=term.name, loss=f"{value:.3g}", classes=classes, even=even)
        yield Finding("initial-loss", WHO, fact, Text("initial-loss/help"), "warning")


def check_gradients(case: Case, trial: Trial) -> Iterator[Finding]:
    """Gradients of zero, and those that fade or swell from layer to layer."""
    _, grads = trial.gradients
    if not all(np.isfinite(g).all() for g in grads):
        return  # the trial steps tell
    if not any(g.any() for g in grads):
        yield Finding("zero-gradient", WHO, Text("zero-gradient"), Text("zero-gradient/help"))
        return
    place = {id(v): i for i, v in enumerate(trial.variables[0])}
    sizes = []
    for layer in parts(trial.model):
        own = [place[id(v)] for v in layer.trainable_variables if id(v) in place]
        if own and not any(grads[i].any() for i in own):
            fact = Text("untouched-layer", layer=check.name_of(layer))
            yield Finding("untouched-layer", WHO, fact, Text("untouched-layer/help"), "warning")
            continue
        kernels = [i for i in own if grads[i].ndim > 1]
        if kernels:
            g = max(float(np.sqrt(np.square(grads[i]).mean())) for i in kernels)
            norms = [(np.linalg.norm(grads[i]), np.linalg.norm(np.asarray(trial.state[0][i]))) for i in kernels]
            sizes.append((layer, g, max((a / b, a) for a, b in norms if b > 0) if any(b for _, b in norms) else (0, 0)))
    if len(sizes) >= _FEW:
        first, (largest, most, _) = sizes[0], max(sizes[1:], key=lambda one: one[1])
        if 0 < first[1] < _VANISHING * most:
            fact = Text(
                "vanishing-gradient",
                first=check.name_of(first[0]),
                last=check.name_of(largest),
                ratio=f"{first[1] / most:.1g}",
            )
            yield Finding("vanishing-gradient", WHO, fact, Text("vanishing-gradient/help"), "warning")
    worst = max(sizes, key=lambda one: one[2][0], default=None)
    if worst and worst[2][0] > _EXPLODING:
        times, size = worst[2]
        fact = Text("exploding-gradient", layer=check.name_of(worst[0]), size=f"{size:.2g}", times=f"{times:.2g}")
        yield Finding("exploding-gradient", WHO, fact, Text("exploding-gradient/help"), "warning")


def check_steps(case: Case, trial: Trial) -> Iterator[Finding]:
    """What some steps do to the loss, at the learning rate and at others."""
    first = trial.run()
    if first.failed:
        yield _not_finite(case, trial, first)
    rate = trial.learning_rate
    if first.failed or first.after > _RISEN * first.before + 1e-6:
        lower = next(((f, one) for f in _LOWER if rate and _falls(one := trial.run(f))), None)
        values = {"before": _n(first.before), "after": _n(first.after), "steps": first.failed or STEPS}
        if lower is not None and rate:
            better = {"other": f"{rate * lower[0]:.2g}", "better": _n(lower[1].after)}
            fact = Text("learning-rate-high", rate=f"{rate:.2g}", **values, **better)
            help_ = Text("learning-rate-high/help", other=better["other"])
            yield Finding("learning-rate-high", WHO, fact, help_, "warning")
        elif rate and not first.failed:
            fact = Text("learning-rate-high/alone", rate=f"{rate:.2g}", **values)
            yield Finding("learning-rate-high", WHO, fact, Text("learning-rate-high/alone/help"), "warning")
    elif rate:
        yield from _too_low(trial, first, rate)


def _too_low(trial: Trial, first: Run, rate: float) -> Iterator[Finding]:
    an_epoch = max(1.0, trial.count / trial.batch_size / STEPS)
    if first.before - first.after > _STILL * first.before / an_epoch:
        return
    for factor in _HIGHER:
        other = trial.run(factor)
        if not other.failed and other.after < _FALLEN * first.before:
            better = {"other": f"{rate * factor:.2g}", "better": _n(other.after)}
            values = {"before": _n(first.before), "after": _n(first.after), "steps": STEPS, "rate": f"{rate:.2g}"}
            fact = Text("learning-rate-low", **values, **better)
            help_ = Text("learning-rate-low/help", other=better["other"])
            yield Finding("learning-rate-low", WHO, fact, help_, "warning")
            return


def _falls(one: Run) -> bool:
    return not one.failed and one.after < one.before


def _not_finite(case: Case, trial: Trial, one: Run) -> Finding:
    """The layer, the step and the samples of the first number that isn't finite."""
    model, batch = trial.model, trial.batch(one.rows)
    for group, values in zip(trial.variables[:2], one.good[:2], strict=True):
        for v, value in zip(group, values, strict=True):
            v.assign(value)  # of the copy
    y_pred, seen = run(model, batch[0])
    for layer, values in seen:
        if bad := _bad(values):
            rows, what = bad
            told = _samples(one, rows)
            fact = Text("not-finite/forward", step=one.failed, what=what, layer=check.name_of(layer), examples=told)
            help_ = Text("not-finite/forward/help", rows=told.values["rows"], layer=check.name_of(layer))
            return Finding("not-finite", WHO, fact, help_)
    for term in case.terms if len(case.terms) == 1 and case.terms[0].loss else ():
        if bad := _bad(_each(term, batch[1], y_pred)):
            rows, what = bad
            told = _samples(one, rows)
            fact = Text("not-finite/loss", step=one.failed, what=what, examples=told)
            return Finding("not-finite", WHO, fact, Text("not-finite/help", rows=told.values["rows"]))
    told = _samples(one, np.arange(len(one.rows)))
    layer, what = next(_weights(trial, one.bad[0]))
    fact = Text(
        "not-finite/update", step=one.failed, layer=check.name_of(layer), what=what, loss=_n(trial._loss(one.good[:2]))
    )
    return Finding("not-finite", WHO, fact, Text("not-finite/help", rows=told.values["rows"]))


def _each(term: Term, y: Any, y_pred: Any) -> np.ndarray:
    """The only loss, for each sample; targets may lack the output's last axis of 1, as in `fit`."""
    y, y_pred = jax.tree.leaves(y)[0], jax.tree.leaves(y_pred)[0]
    y = y.reshape(y_pred.shape) if y.size == y_pred.size else y
    return np.asarray(losses.get(term.loss)(y, y_pred, **term.options), np.float32)


def _weights(trial: Trial, values: list) -> Iterator[tuple[Any, str]]:
    """The layers with weights that aren't finite, else the model."""
    bad = {
        id(v): b[1] for v, a in zip(trial.variables[0], values, strict=True) if (b := _bad(np.asarray(a, np.float32)))
    }
    for layer in parts(trial.model):
        for v in layer.trainable_variables:
            if id(v) in bad:
                yield layer, bad[id(v)]
    yield trial.model, "NaN"


def _bad(values: np.ndarray) -> tuple[np.ndarray, str] | None:
    """The places along the first axis that aren't finite, and what they are."""
    finite = np.isfinite(values)
    if finite.all():
        return None
    rows = np.flatnonzero(~finite.reshape(len(finite) if finite.ndim else 1, -1).all(axis=1))
    return rows, "NaN" if np.isnan(values).any() else "infinity"


def _samples(one: Run, places: np.ndarray) -> Text:
    rows = one.rows[places[places < len(one.rows)]]
    shown = [int(row) for row in rows[:8]]
    return Text("not-finite/samples", count=len(rows), size=len(one.rows), rows=shown)


def _activation(layer: Any) -> str | None:
    kind = type(layer).__name__
    if kind in ("ReLU", "LeakyReLU", "Softmax"):
        return kind.lower()
    return getattr(getattr(layer, "activation", None), "__name__", None)


def _n(value: float) -> str:
    return f"{value:.4g}"


DYNAMIC_CHECKS = (check_born, check_units, check_start, check_gradients, check_steps)
