"""Contestants in turn, A B C A B C ..., and what the rounds say: medians, and ratios that are paired round by round.

A busy machine slows a whole round, not one contestant, so the ratio within a round holds where the times do not.
"""

from __future__ import annotations

import gc
import math
import statistics
import sys
import time
from collections.abc import Callable
from typing import NamedTuple


class Contest(NamedTuple):
    """One table: what is timed, in which unit, and every contestant's time in every round."""

    title: str
    unit: str  # "ms", "us" or "s"
    times: dict[str, list[float]]  # seconds

    @property
    def reference(self) -> str:
        """The contestant that all ratios are against: the first."""
        return next(iter(self.times))

    def ratios(self, name: str) -> list[float]:
        """A contestant's times over the reference's, round by round."""
        return [t / r for t, r in zip(self.times[name], self.times[self.reference], strict=True)]


def contest(title: str, unit: str, contestants: dict[str, Callable[[], object]], rounds: int, per: int = 1) -> Contest:
    """Times each contestant once a round, in turn.

    Args:
        title, unit: for the table.
        contestants: what to run; the first is the reference. Each has run once before, so that nothing compiles here.
        rounds: how often.
        per: how many epochs or calls one run is made of.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for i in range(rounds):
        print("." if i else f"{title} .", end="", file=sys.stderr, flush=True)
        for name, run in contestants.items():
            gc.collect()  # nobody pays for another's garbage
            started = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - started) / per)
    print(file=sys.stderr)
    return Contest(title, unit, times)


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


def table(result: Contest) -> str:
    """The contest as text: a line a contestant, with its median, its ratio to the reference and the ratio's interval."""
    scale = {"s": 1.0, "ms": 1e3, "us": 1e6}[result.unit]
    width = max(map(len, result.times))
    spread = "95 % interval" if len(result.times[result.reference]) > 5 else "range"
    lines = [result.title, f"  {'':{width}}  {result.unit:>9}  {'ratio':>8}  {spread}"]
    for name, times in result.times.items():
        line = f"  {name:{width}}  {scale * statistics.median(times):9.3g}"
        if name != result.reference:
            ratios = result.ratios(name)
            low, high = interval(ratios)
            line += f"  {statistics.median(ratios):8.3g}  {low:.3g} to {high:.3g}"
        lines.append(line)
    return "\n".join(lines)
