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
from jaxnn.doctor.texts import Text

# Layers whose output has a NaN where their input has one, and nowhere hide it.
_PASS_NAN_ON = (
    r"InputLayer|Sequential|Functional|Model|Dense|EinsumDense|Maxout|Identity|Flatten|Reshape|Permute|RepeatVector|(Spatial|Gaussian|"
    r"Alpha)?Dropout(1D|2D|3D)?|GaussianNoise|(Batch|Layer|Group|Unit|RMS|)Normalization|Rescaling|Activation|ReLU|LeakyReLU|ELU|"
    r"PReLU|Softmax|(Separable|Depthwise)?Conv[123]D(Transpose)?|(Global)?(Max|Average)Pooling[123]D|ZeroPadding[123]D|"
    r"UpSampling[123]D|LSTM|GRU|SimpleRNN|LSTMCell|GRUCell|SimpleRNNCell|Bidirectional|TimeDistributed|Concatenate|Add|"
    r"Subtract|Multiply|Average|Dot|MultiHeadAttention"
)
# Of these, the ones that change no value; and those whose kernel gets a gradient of infinity or NaN from infinite input.
_CARRY = r"InputLayer|Identity|Flatten|Reshape|Permute|RepeatVector|ZeroPadding[123]D"
_FEEL_INFINITY = r"Dense|Conv[123]D|LSTM|GRU|SimpleRNN|BatchNormalization"
# Our losses whose gradient is NaN where the target is. That of mean_absolute_error is a sign, which is not.
GRADIENT_IS_NAN = (
    "mean_squared_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "huber", "log_cosh",
    "cosine_similarity", "poisson", "kl_divergence", "hinge", "squared_hinge", "binary_crossentropy",
    "binary_focal_crossentropy", "categorical_crossentropy", "categorical_focal_crossentropy",
)  # fmt: skip
_PIECE = 1 << 22  # entries that a thread looks at in one go, about 1 ms; for less no thread is worth its start
_LABELS = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")  # `labels.py` checks targets


def check_inputs_finite(case: Case) -> Iterator[Finding]:
    """NaN or infinity in `x`."""
    for name, array in named("x", case.x):
        if bad := _trouble(array):
            certain = case.training and _spreads(case) and (bad[0] == "NaN" or _infinity_spreads(case))
            yield _finding(case, "x", name, *bad, certain)


def check_targets_finite(case: Case) -> Iterator[Finding]:
    """NaN or infinity in targets that a loss computes with."""
    known = [(term.name, term.y, term.loss) for term in case.terms if term.loss not in _LABELS]
    for name, array, loss in known if case.terms else [(*pair, None) for pair in named("y", case.y)]:
        if bad := _trouble(array):
            certain = case.training and bad[0] == "NaN" and loss in GRADIENT_IS_NAN and _spreads(case)
            yield _finding(case, "y", name, *bad, certain)


def check_weights_finite(case: Case) -> Iterator[Finding]:
    """NaN or infinity in sample weights."""
    for name, array in named("sample_weight", case.sample_weight):
        if bad := _trouble(array):
            certain = case.training and bad[0] == "NaN" and _spreads(case)
            yield _finding(case, "sample_weight", name, *bad, certain)


def all_finite(a: np.ndarray) -> bool:
    """Whether no entry is NaN or infinite."""
    if a.dtype.kind in "biu" or a.size == 0:
        return True
    if a.dtype not in (np.float32, np.float64):
        return bool(np.isfinite(a.astype(np.float32) if a.dtype.kind != "c" else a).all())
    flat = a.ravel("K") if a.flags.forc else a.reshape(-1)
    if flat.size <= _PIECE:
        finite = _finite_norm(flat)
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor() as pool:
            finite = all(pool.map(_finite_norm, (flat[i : i + _PIECE] for i in range(0, flat.size, _PIECE))))
    return finite or bool(np.isfinite(a).all())  # the sum of squares may only have overflowed


def _finite_norm(flat: np.ndarray) -> bool:
    """Whether the sum of squares is finite: the fastest way to read every entry, and nothing cancels."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.dot(flat, flat)))


def _trouble(array: Any) -> tuple[str, dict[str, Any]] | None:
    """'NaN' or 'infinity', and where, if an array has any."""
    a = host(array)
    if a is None or all_finite(a):
        return None
    a = a.astype(np.float32, copy=False) if a.dtype.kind != "c" else a
    nan = np.isnan(a)
    return ("NaN", _where(nan)) if nan.any() else ("infinity", _where(np.isinf(a)))


def _where(bad: np.ndarray) -> dict[str, Any]:
    """In how many samples, and where first."""
    rows = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
    place = Text("place/row", row=rows[0])
    if bad.ndim == 2 and bad.shape[1] > 1:
        place = Text("place/column", row=rows[0], column=np.flatnonzero(bad[rows[0]])[0])
    return {"bad": len(rows), "count": len(bad), "place": place}


def _finding(case: Case, word: str, name: str, what: str, where: dict[str, Any], certain: bool) -> Finding:
    kind = "" if certain else "/predict" if case.who == "predict" else "/maybe"
    fact = Text(f"not-finite-data/{what}{kind}", name=name, **where)
    help_ = Text("not-finite-data/help", method="isnan" if what == "NaN" else "isinf")
    return Finding(f"{what}-in-{word}", case.who, fact, help_, "error" if certain else "warning")


def _spreads(case: Case) -> bool:
    """Whether one NaN is sure to reach every weight, since all that it meets is ours and hides nothing."""
    model = case.model
    compiled = [known_loss(one)[0] for one in tree.flatten(getattr(model, "loss", None)) if one is not None]
    optimizer = registry.api_name(type(model.optimizer)) or ""
    return (
        bool(compiled)
        and None not in compiled
        and case.standard
        and optimizer.startswith("keras.optimizers.")
        and not optimizer.endswith("LossScaleOptimizer")
        and all(map(_passes_nan_on, _parts(model)))
    )


def _parts(model: Any) -> list[Any]:
    """The layers inside, and the functions that stand in a graph."""
    layers = model._flatten_layers()
    return [*layers, *(operation for layer in layers for operation in getattr(layer, "operations", ()))]


def _passes_nan_on(layer: Any) -> bool:
    ours = type(layer).__module__.partition(".")[0] == "jaxnn"
    activation = getattr(layer, "activation", None)
    plain = activation is None or (registry.api_name(activation) or "").startswith("keras.activations.")
    return ours and plain and re.fullmatch(_PASS_NAN_ON, type(layer).__name__) is not None


def _infinity_spreads(case: Case) -> bool:
    """Whether the first layer that computes with the only input turns infinity into an infinite gradient."""
    first = next((layer for layer in case.model.layers if not re.fullmatch(_CARRY, type(layer).__name__)), None)
    feels = first is not None and re.fullmatch(_FEEL_INFINITY, type(first).__name__) is not None and first.trainable
    return feels and len(named("x", case.x)) == 1 and case.model.optimizer.clipvalue is None
