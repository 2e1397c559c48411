"""NaN and infinity. One NaN in a batch makes the loss NaN, and after one step every weight.

That is an error only where nothing can come between: our own losses, layers, optimiser and steps. A loss of the user's
own may leave NaN out, a layer may replace it, loss scaling skips the step; there it is a warning. So is an infinite
target: the loss is infinite, but the gradient of some losses isn't, and `TerminateOnNaN` may be there to see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.core import registry, tree
from jaxnn.doctor.arrays import host, named
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.terms import known_loss

# Layers whose output has a NaN where their input has one, and nowhere hide it.
_PASS_NAN_ON = re.compile(
    r"InputLayer|Sequential|Functional|Model|Dense|EinsumDense|Maxout|Identity|Flatten|Reshape|Permute|RepeatVector|(Spatial|Gaussian|"
    r"Alpha)?Dropout(1D|2D|3D)?|GaussianNoise|(Batch|Layer|Group|Unit|RMS|)Normalization|Rescaling|Activation|ReLU|LeakyReLU|ELU|"
    r"PReLU|Softmax|(Separable|Depthwise)?Conv[123]D(Transpose)?|(Global)?(Max|Average)Pooling[123]D|ZeroPadding[123]D|"
    r"UpSampling[123]D|LSTM|GRU|SimpleRNN|LSTMCell|GRUCell|SimpleRNNCell|Bidirectional|TimeDistributed|Concatenate|Add|"
    r"Subtract|Multiply|Average|Dot|MultiHeadAttention"
)
# Of these, the ones that change no value; and those whose kernel gets a gradient of infinity or NaN from infinite input.
_CARRY = re.compile(r"InputLayer|Identity|Flatten|Reshape|Permute|RepeatVector|ZeroPadding[123]D")
_FEEL_INFINITY = re.compile(r"Dense|Conv[123]D|LSTM|GRU|SimpleRNN|BatchNormalization")
# Our losses that compute with targets as numbers; others look at labels, which `labels.py` checks.
_LABELS = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy", "circle")


def check_inputs_finite(case: Case) -> Iterator[Finding]:
    """NaN or infinity in `x`."""
    for name, what, where in _not_finite(named("x", case.x)):
        certain = case.training and _spreads(case) and (what == "NaN" or _infinity_spreads(case))
        yield _finding(case, "x", name, what, where, certain)


def check_targets_finite(case: Case) -> Iterator[Finding]:
    """NaN or infinity in targets that a loss computes with."""
    known = case.terms
    pairs = [(t.name, t.y) for t in known if t.loss not in _LABELS] if known else named("y", case.y)
    for name, what, where in _not_finite(pairs):
        yield _finding(case, "y", name, what, where, case.training and what == "NaN" and bool(known) and _spreads(case))


def check_weights_finite(case: Case) -> Iterator[Finding]:
    """NaN or infinity in sample weights."""
    for name, what, where in _not_finite(named("sample_weight", case.sample_weight)):
        yield _finding(case, "sample_weight", name, what, where, case.training and what == "NaN" and _spreads(case))


def all_finite(a: np.ndarray) -> bool:
    """Whether no entry is NaN or infinite."""
    if a.dtype.kind in "biu" or a.size == 0:
        return True
    if a.dtype not in (np.float32, np.float64):
        return bool(np.isfinite(a.astype(np.float32) if a.dtype.kind != "c" else a).all())
    with np.errstate(all="ignore"):
        flat = a.ravel("K") if a.flags.forc else None
        total = a.sum() if flat is None else np.dot(flat, flat)  # reads each entry once, and nothing cancels
        return bool(np.isfinite(total)) or bool(np.isfinite(a).all())  # else the sum may only have overflowed


def _not_finite(pairs: list[tuple[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Name, 'NaN' or 'infinity', and where, of each array that isn't finite."""
    seen: set[int] = set()
    for name, array in pairs:
        a = None if id(array) in seen else host(array)
        seen.add(id(array))
        if a is None or all_finite(a):
            continue
        a = a.astype(np.float32, copy=False) if a.dtype.kind != "c" else a
        nan = np.isnan(a)
        what = "NaN" if nan.any() else "infinity"
        yield name, what, _where(nan if what == "NaN" else np.isinf(a))


def _where(bad: np.ndarray) -> str:
    """In how many samples, and where first."""
    rows = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
    place = f"first in row {rows[0]}"
    if bad.ndim == 2 and bad.shape[1] > 1:
        place += f", column {np.flatnonzero(bad[rows[0]])[0]}"
    return f"{len(rows)} of {len(bad)} samples, {place}"


def _finding(case: Case, code: str, name: str, what: str, where: str, certain: bool) -> Finding:
    method = "isnan" if what == "NaN" else "isinf"
    drop = f"Drop these rows (np.{method} finds them) or fill them."
    if certain:
        message = f"{case.who}: `{name}` must be finite, else all weights become NaN; got {what} in {where}. {drop}"
        return Finding(f"{what}-in-{code}", message)
    so = "which makes predictions NaN or worthless" if case.who == "predict" else f"which may make the loss {what}"
    return Finding(f"{what}-in-{code}", f"{case.who}: `{name}` has {what} in {where}, {so}. {drop}", "warning")


def _spreads(case: Case) -> bool:
    """Whether one NaN is sure to reach every weight, since all that it meets is ours and hides nothing."""
    model = case.model
    compiled = [known_loss(one)[0] for one in tree.flatten(getattr(model, "loss", None)) if one is not None]
    optimizer = registry.api_name(type(model.optimizer)) or ""
    return (
        bool(compiled)
        and not any(name is None or name in _LABELS[1:] for name in compiled)
        and case.standard
        and optimizer.startswith("keras.optimizers.")
        and not optimizer.endswith("LossScaleOptimizer")
        and all(map(_passes_nan_on, _parts(model)))
    )


def _parts(model: Any) -> list[Any]:
    """The layers inside, and the functions that stand in a graph."""
    return [*model._flatten_layers(), *getattr(model, "operations", ())]


def _passes_nan_on(layer: Any) -> bool:
    ours = type(layer).__module__.partition(".")[0] == "jaxnn"
    activation = getattr(layer, "activation", None)
    plain = activation is None or (registry.api_name(activation) or "").startswith("keras.activations.")
    return ours and plain and _PASS_NAN_ON.fullmatch(type(layer).__name__) is not None


def _infinity_spreads(case: Case) -> bool:
    """Whether the first layer that computes with the only input turns infinity into an infinite gradient."""
    first = next((layer for layer in case.model.layers if not _CARRY.fullmatch(type(layer).__name__)), None)
    feels = _FEEL_INFINITY.fullmatch(type(first).__name__) is not None and first.trainable
    return feels and len(named("x", case.x)) == 1 and case.model.optimizer.clipvalue is None
