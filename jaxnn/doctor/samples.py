"""Samples: there must be some, equally many everywhere, and targets where the loss needs them."""

from __future__ import annotations

from collections.abc import Iterator

from jaxnn import losses
from jaxnn.core import tree
from jaxnn.doctor.arrays import named
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding

_SHOWN = 4  # arrays whose sizes a message lists


def check_present(case: Case) -> Iterator[Finding]:
    """No data at all, or a single number where an array of samples belongs."""
    if not named("x", case.x) and (case.standard or not named("y", case.y)):
        yield Finding(
            "no-data", f"{case.who}: `x` is not optional, but None was passed. Pass an array of samples: x=..."
        )
    for name, array in case.arrays:
        if len(array.shape) == 0:
            yield Finding(
                "no-samples-axis",
                f"{case.who}: `{name}` must have a first axis of samples; got a single number. Put it into a list.",
            )


def check_lengths(case: Case) -> Iterator[Finding]:
    """Arrays with different numbers of samples."""
    sizes = [(name, array.shape[0]) for name, array in case.arrays]
    if len({size for _, size in sizes}) <= 1:
        return
    told = ", ".join(f"'{name}' sizes: {size}" for name, size in sizes[:_SHOWN])
    told += f" and {len(sizes) - _SHOWN} more" if len(sizes) > _SHOWN else ""
    last = dict(sizes).get("y")
    rows = isinstance(case.x, list | tuple) and len(case.x) == last
    help_ = (
        f"A list of {len(case.x)} arrays counts as {len(case.x)} inputs: if each is one sample, pass np.stack(x)."
        if rows
        else "Each sample needs one row in every array."
    )
    yield Finding(
        "lengths-differ",
        f"{case.who}: Data cardinality is ambiguous. Make sure all arrays contain the same number of samples; got "
        f"{told}. {help_}",
    )


def check_not_empty(case: Case) -> Iterator[Finding]:
    """Arrays without samples."""
    for name, array in case.arrays:
        if array.shape[0] == 0:
            yield Finding(
                "no-samples",
                f"{case.who}: `{name}` must have at least one sample; got an array of shape {tuple(array.shape)}. "
                "See how it was loaded or selected: a condition that nothing meets gives this.",
            )


def check_targets_given(case: Case) -> Iterator[Finding]:
    """No `y`, although the model was compiled with a loss that compares outputs with targets."""
    loss = getattr(case.model, "loss", None)
    if case.who == "predict" or named("y", case.y) or not case.standard:
        return
    each = [one for one in tree.flatten(loss) if one is not None]
    if each and all(map(_compares, each)):
        told = f"'{loss}'" if isinstance(loss, str) else "a loss"
        yield Finding(
            "no-targets",
            f"{case.who}: `y` must be given, since the model was compiled with {told}, which compares outputs with "
            "targets; got None. Pass y=..., or compile without a loss.",
        )


def _compares(loss: object) -> bool:
    """Whether a loss is called by our code, which needs targets; a Loss may have a `__call__` of its own."""
    return not isinstance(loss, losses.Loss) or type(loss).__call__ is losses.Loss.__call__
