"""Numbers as words, for findings."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

_PARTS = {2: "half", 3: "a third", 4: "a quarter", 10: "a tenth", 100: "a hundredth", 1000: "a thousandth"}
_PARTS |= {10**6: "a millionth", 10**9: "a billionth"}


def number(x: Any) -> str:
    """Three significant digits: `0.0123`, `12.3`, `1.23e-08`, `12,300`."""
    x = float(x)
    if not math.isfinite(x):
        return str(x)
    if x and not 1e-4 <= abs(x) < 1e6:
        return f"{x:.2e}"
    rounded = float(f"{x:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:.4g}"


def spread(mean: Any, deviation: Any) -> str:
    """`0.0112 ± 0.0055`: the deviation with two digits, which is what a few seeds tell of it, and the mean as far."""
    mean, deviation = float(mean), float(deviation)
    if not (math.isfinite(mean) and 1e-4 <= deviation < 1e6 and abs(mean) < 1e5 * deviation):
        return f"{number(mean)} ± {deviation:.2g}"
    rounded = float(f"{deviation:.2g}")
    decimals = max(0, 1 - math.floor(math.log10(rounded)))
    return f"{mean:,.{decimals}f} ± {rounded:,.{decimals}f}"


def percent(share: Any) -> str:
    """`72 %`, with a decimal below 10 %."""
    share = 100 * float(share)
    return f"{share:.1f} %" if 0 < share < 9.95 else f"{share:.0f} %"


def part(ratio: Any) -> str:
    """A ratio up to 1 as a part, in round figures: `a third of`, `1/40 of`, `a millionth of`, `3 millionths of`."""
    ratio = float(ratio)
    if ratio == 0:
        return "nothing of"
    inverse = 1 / ratio
    if inverse < 1.5:
        return "about as much as"
    power = 10.0 ** math.floor(math.log10(inverse))
    near = round(inverse / power) * power
    if near in _PARTS:
        return f"{_PARTS[near]} of"
    if near < 1e5:
        return f"1/{near:,.0f} of"
    unit, name = (1e-6, "millionths") if ratio >= 1e-6 else (1e-9, "billionths")
    return f"{float(f'{ratio / unit:.1g}'):g} {name} of"


def listed(words: Iterable[str], most: int = 6) -> str:
    """`a, b and c`; beyond `most` the rest is counted."""
    words = list(words)
    if len(words) > most:
        words = [*words[: most - 1], f"{len(words) - most + 1} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def plain(structure: Any) -> Any:
    """Arrays of JAX as arrays of NumPy, in dicts and lists."""
    if isinstance(structure, dict):
        return {k: plain(v) for k, v in structure.items()}
    return np.asarray(structure) if hasattr(structure, "__array__") else structure
