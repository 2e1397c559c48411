"""Contestants in turn, A B C A B C ..., and what the rounds say: medians, and ratios that are paired round by round.

A busy machine slows a whole round, not one contestant, so the ratio within a round holds where the times do not.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "MiB": 2.0**20}  # in seconds, and in bytes


class Target(NamedTuple):
    """What `versus` must take, as a multiple of what `who` takes; it counts as met when the interval reaches it."""

    versus: str
    at_least: float | None = None
    at_most: float | None = None
    who: str = "jaxnn"


class Contest(NamedTuple):
    """One table: what is measured, in which unit, and every contestant's value in every round."""

    name: str
    title: str
    unit: str  # one of UNITS
    times: dict[str, list[float | None]]  # seconds, or bytes; None in rounds that it sat out
    targets: tuple[Target, ...] = ()
    left_out: dict[str, str] = {}

    @property
    def reference(self) -> str:
        """The contestant that all ratios are against: the first."""
        return next(iter(self.times))

    def values(self, name: str) -> list[float]:
        """A contestant's values in the rounds that it took part in."""
        return [value for value in self.times[name] if value is not None]

    def ratios(self, name: str, reference: str | None = None) -> list[float]:
        """A contestant's values over the reference's, round by round."""
        pairs = zip(self.times[name], self.times[reference or self.reference], strict=True)
        return [value / against for value, against in pairs if value is not None and against is not None]


def rounds_of(
    title: str, contestants: dict[str, Callable[[], float]], rounds: int, every: Mapping[str, int] | None = None
) -> dict[str, list[float | None]]:
    """Measures each contestant once a round, in turn.

    Args:
        title: for the line of progress.
        contestants: what gives one measurement each. Each has run before, so that nothing compiles here.
        rounds: how often.
        every: who takes part in every third round only, or every ninth, ...
    """
    every = every or {}
    values: dict[str, list[float | None]] = {name: [] for name in contestants}
    for i in range(rounds):
        print("." if i else f"{title} .", end="", file=sys.stderr, flush=True)
        for name, measure in contestants.items():
            values[name].append(measure() if i % every.get(name, 1) == 0 else None)
    print(file=sys.stderr)
    return values


def interval(values: list[float]) -> tuple[float, float]:
    """An interval that holds the median with at least 95 % confidence; fewer than six values give their whole range.

    The k-th smallest and k-th largest of n values miss the median with probability 2 P(B < k), B binomial(n, 1/2): exact,
    whatever the distribution. For nine values that is the second and the eighth, 96 %.
    """
    n, ordered = len(values), sorted(values)
    k, miss = 0, 2 / 2**n
    while miss <= 0.05:
        k += 1
        miss += 2 * math.comb(n, k) / 2**n
    return ordered[max(k - 1, 0)], ordered[min(n - k, n - 1)]


def verdict(result: Contest, target: Target) -> str | None:
    """A target beside its figures, as in 'target 20: met'; nothing where a side took no part."""
    if not {target.who, target.versus} <= set(result.times):
        return None
    ratios = result.ratios(target.versus, target.who)
    middle, (low, high) = statistics.median(ratios), interval(ratios)
    if target.at_least is not None:
        bound, reached = f"{target.at_least:.3g}", [value >= target.at_least for value in (middle, high)]
    else:
        bound, reached = f"at most {target.at_most:.3g}", [value <= target.at_most for value in (middle, low)]
    said = "met" if reached[0] else "met: the interval reaches it" if reached[1] else "missed"
    if target.who == result.reference:
        return f"target {bound}: {said}"
    return f"target for {target.who} {bound}: {said}, {middle:.3g} ({low:.3g} to {high:.3g})"


def table(result: Contest) -> str:
    """The contest as text: a line a contestant, with its median, its ratio to the reference, the interval and the targets."""
    width = max(map(len, result.times))
    lines = [result.title, f"  {'':{width}}  {result.unit:>9}  {'ratio':>8}  95 % interval"]
    for name in result.times:
        values = result.values(name)
        line = f"  {name:{width}}  {statistics.median(values) / UNITS[result.unit]:9.3g}"
        if name != result.reference:
            ratios = result.ratios(name)
            low, high = interval(ratios)
            verdicts = [verdict(result, target) for target in result.targets if target.versus == name]
            few = f"the range of {len(ratios)}" if len(ratios) < 6 else None
            said = "; ".join(note for note in (*verdicts, few) if note)
            line += f"  {statistics.median(ratios):8.3g}  {f'{low:.3g} to {high:.3g}':16}  {said}"
        lines.append(line.rstrip())
    lines += [f"  left out: {name}: {why}" for name, why in result.left_out.items()]
    return "\n".join(lines)
