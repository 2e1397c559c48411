"""Progbar: Keras's progress bar, drawn for a terminal of any width, for a notebook, or as one line for a file."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from jaxnn.core import registry
from jaxnn.utils.printing import Screen, print_line, redraw_line, screen

_LEAST_BAR = 5  # columns; a shorter bar says nothing


@registry.export("utils")
class Progbar:
    """A progress bar: `313/313 ━━━━━━━━━━━━━━━━━━━━ 1s 2ms/step - accuracy: 0.9531 - loss: 0.1624`.

    On a terminal and in a notebook it moves, at most once every `interval` seconds. In a window too narrow the bar
    shrinks first, then the last metrics are left out until the final line, which has them all. In a file or a pipe there
    is the final line only, without colours, unless `interval` is 0.

    While it moves, the first time is what remains; on the final line it is what has passed. The time of one step is the
    mean since the first update, which would carry the compilation.

    Args:
        target: the number of steps to expect; None if unknown.
        width: of the bar, in columns.
        verbose: 0 is silent, 1 a moving bar, 2 the final line only, without a bar.
        interval: seconds between two redraws. With 0 every update is shown, in a file as a line of its own.
        stateful_metrics: names of metrics that are shown as they are given; all others are averaged over the steps.
        stateless_metrics: the other way round: only these are averaged.
        unit_name: of a step, as it is shown.

    Raises:
        ValueError: if both `stateful_metrics` and `stateless_metrics` are given.

    Example:
        >>> bar = Progbar(2, verbose=2)
        >>> bar.update(1, [("loss", 0.5)])
        >>> bar.update(2, [("loss", 0.25)])  # doctest: +ELLIPSIS
        2/2 - 0s - .../step - loss: 0.2500

    Source: https://keras.io/api/utils/python_utils/#progbar-class. As in Keras the final line shows the last values given,
    not their mean.
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ):
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                "Progbar: Only one of `stateful_metrics` and `stateless_metrics` can be given; got both. "
                "Name the metrics to show as they are, or those to average, not both."
            )
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self.stateful_metrics = None if stateless_metrics is not None else set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._screen = screen()
        self._totals: dict[str, tuple[Any, int]] = {}  # name -> (sum of the values, number of steps)
        self._seen_so_far = 0
        self._start = time.time()
        self._last_draw = 0.0
        self._first_update: tuple[int, float] | None = None  # (step, time)
        self._seconds_per_step = 0.0

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Moves the bar.

        Args:
            current: how many steps are done.
            values: pairs of a metric's name and its value in the last steps.
            finalize: whether this is the last update; None means: if `current` has reached the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        now = time.time()
        self._add_values(current, values or (), finalize)
        self._measure_pace(current, now)
        self._seen_so_far = current
        if self.verbose == 2 and finalize:
            print_line(self._record(now))
        elif self.verbose == 1 and finalize:
            print_line("\n".join(_final_lines(self._parts(now, finalize=True), self.width, self._screen)))
        elif self.verbose == 1 and self._screen.redraws and now - self._last_draw >= self.interval:
            redraw_line(*_moving_line(self._parts(now, finalize=False), self.width, self._screen))
            self._last_draw = now
        elif self.verbose == 1 and self.interval == 0:
            print_line(self._record(now))

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Moves the bar by n steps."""
        self.update(self._seen_so_far + n, values)

    def _add_values(self, current: int, values: Iterable[tuple[str, Any]], finalize: bool) -> None:
        steps = max(current - self._seen_so_far, 1)
        for name, value in values:
            if finalize or not self._is_averaged(name):
                self._totals[name] = (value, 1)
            else:
                total, count = self._totals.get(name, (0, 0))
                self._totals[name] = (total + value * steps, count + steps)

    def _is_averaged(self, name: str) -> bool:
        return name in self.stateless_metrics if self.stateful_metrics is None else name not in self.stateful_metrics

    def _measure_pace(self, current: int, now: float) -> None:
        """Seconds a step. An update without a new step, after the validation say, leaves it alone."""
        if current > self._seen_so_far:
            step, since = self._first_update or (0, self._start)
            self._seconds_per_step = (now - since) / (current - step)
            self._first_update = self._first_update or (current, now)

    def _parts(self, now: float, finalize: bool) -> _Parts:
        done = self._seen_so_far
        fraction = min(done / self.target, 1.0) if self.target else None
        if finalize or not self.target:
            duration = f"{now - self._start:.0f}s"
        else:
            duration = _remaining(self._seconds_per_step * (self.target - done)) if done else ""
        pace = _pace(self._seconds_per_step, self.unit_name) if duration else ""
        return _Parts(self._count(), fraction, duration, pace, self._metrics())

    def _record(self, now: float) -> str:
        pace = _pace(self._seconds_per_step, self.unit_name)
        return " - ".join([self._count(), f"{now - self._start:.0f}s", pace, *self._metrics()])

    def _count(self) -> str:
        if not self.target:
            return f"{self._seen_so_far:7d}/Unknown"
        return f"{self._seen_so_far:{len(str(self.target))}d}/{self.target}"

    def _metrics(self) -> list[str]:
        return [f"{name}: {_number(*total)}" for name, total in self._totals.items()]


# --- the words ---------------------------------------------------------------------------------------------------------


def _number(total: Any, count: int) -> str:
    if isinstance(total, str):
        return total
    mean = float(np.mean(total)) / max(1, count)
    return f"{mean:.4f}" if abs(mean) > 1e-3 else f"{mean:.4e}"


def _pace(seconds: float, unit: str) -> str:
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    return f"{seconds * 1e3:.0f}ms/{unit}" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/{unit}"


def _remaining(seconds: float) -> str:
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if seconds > 60 else f"{whole}s"


# --- the line ----------------------------------------------------------------------------------------------------------


class _Parts(NamedTuple):
    """What a line is made of, each as plain text."""

    count: str
    fraction: float | None  # of the bar that is done; None draws no bar
    duration: str
    pace: str
    metrics: list[str]

    def width(self, bar: int) -> int:
        """The columns of the line with a bar of that many."""
        texts = [self.count, "x" * bar, self.duration, self.pace]
        return len(" ".join(t for t in texts if t)) + sum(3 + len(m) for m in self.metrics)


def _moving_line(parts: _Parts, width: int, on: Screen) -> tuple[str, int]:
    """The line and its columns. What does not fit is left out: metrics from the right, then the pace, then the bar."""
    room = on.columns - 1  # a character in the last column would already break the line on some terminals
    wanted = width if parts.fraction is not None else 0
    least = min(wanted, _LEAST_BAR)
    choices = [(least, parts), (least, parts._replace(pace="")), (0, parts._replace(pace=""))]
    choices = [(bar, _leave_out_metrics(p, bar, room)) for bar, p in choices]
    choices = [(bar, p) for bar, p in choices if p.width(bar) <= room]
    if not choices:
        line = parts.count[: max(0, int(room))]
        return line, len(line)
    bar, fitted = next(((bar, p) for bar, p in choices if p.metrics), choices[0])
    bar = int(min(wanted, bar + room - fitted.width(bar))) if bar else 0
    line = _paint(fitted, bar, on)
    return line, len(line) if math.isinf(on.columns) else fitted.width(bar)  # Jupyter counts the codes of colours too


def _leave_out_metrics(parts: _Parts, bar: int, room: float) -> _Parts:
    while parts.metrics and parts.width(bar) > room:
        parts = parts._replace(metrics=parts.metrics[:-1])
    return parts


def _final_lines(parts: _Parts, width: int, on: Screen) -> list[str]:
    """The line with all metrics; in a narrow window they go on below, broken between two of them."""
    room = on.columns - 1
    bar = 0
    if parts.fraction is not None and on.bar:  # shrunk for the sake of all metrics, else of the first
        shrunk = [room - p.width(0) - 1 for p in (parts, parts._replace(metrics=parts.metrics[:1]))]
        bar = next((int(min(width, s)) for s in shrunk if s >= min(width, _LEAST_BAR)), 0)
    first = _leave_out_metrics(parts, bar, room)
    lines = [_paint(first, bar, on)]
    indent = " " * (len(parts.count) + 1 if room >= 60 else 2)
    below = ""
    for metric in parts.metrics[len(first.metrics) :]:
        if below and len(f"{below} - {metric}") > room:
            lines.append(below)
            below = ""
        below = f"{below} - {metric}" if below else indent + metric
    return [*lines, below] if below else lines


def _paint(parts: _Parts, bar: int, on: Screen) -> str:
    """The line as text, with Keras's colours where they are understood."""
    bold, green, white = ("\x1b[1m{}\x1b[0m", "\x1b[32m{}\x1b[0m", "\x1b[37m{}\x1b[0m") if on.colours else ("{}",) * 3
    texts = [bold.format(parts.count)]
    if bar:
        done = int(bar * parts.fraction)
        rest = (on.bar if on.colours else " ") * (bar - done)
        texts.append((green.format(on.bar * done) if done else "") + (white.format(rest) if rest else ""))
    if parts.duration:
        texts.append(bold.format(parts.duration))
    if parts.pace:
        texts.append(parts.pace)
    return " ".join(texts) + "".join(f" - {m}" for m in parts.metrics)
