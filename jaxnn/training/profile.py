"""Where the time of a `fit` goes: a trace for Perfetto or TensorBoard, and one sentence."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

import jax

from jaxnn.utils.printing import print_line

KINDS = ("compile", "data", "device", "host", "callbacks")
_NOTHING = contextlib.nullcontext()


class Clock:
    """Says what the loop is busy with; this one tells nobody, and costs nothing.

    Attributes:
        runs: whether somebody listens, so that the loop waits for each chunk before it goes on.
    """

    runs = False

    def __enter__(self) -> Clock:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def spent_on(self, kind: str) -> Any:
        """A context for work of one of `KINDS`."""
        return _NOTHING

    def each(self, kind: str, items: Iterable[Any]) -> Iterable[Any]:
        """The items, where fetching the next one is work of a kind."""
        return items

    def callbacks(self, callbacks: Any) -> Any:
        """The callbacks, whose every call is work of the kind "callbacks"."""
        return callbacks


class Profile(Clock):
    """Measures the run inside its `with` block, each second once: what is inside other work counts as itself.

    At the end it prints a sentence, and the folder has a trace by `jax.profiler`: `plugins/profile/<time>/`, where
    ui.perfetto.dev opens `*.trace.json.gz` and TensorBoard's profile plugin the rest. Chunks are waited for one by one,
    so a run takes a little longer than unprofiled.

    Args:
        folder: where the trace goes; made if missing.

    Attributes:
        seconds: per kind of `KINDS`; "host" is all that is none of the others.

    Raises:
        ValueError: if there can't be such a folder; the profiler would only notice when all is done.

    Example: `model.fit(x, y, epochs=3, profile="traces")`

    Source: https://docs.jax.dev/en/latest/profiling.html
    """

    runs = True

    def __init__(self, folder: str):
        try:
            self.folder = os.fspath(folder)
            os.makedirs(self.folder, exist_ok=True)
        except (OSError, TypeError) as error:
            raise ValueError(
                f"fit: `profile` must be a folder that can be made and written to; got {folder!r} ({error}). "
                'Give another path, such as profile="traces".'
            ) from error
        self.seconds = dict.fromkeys(KINDS, 0.0)

    def __enter__(self) -> Profile:
        jax.profiler.start_trace(self.folder)
        self._kinds = ["host"]
        self._since = time.perf_counter()
        return self

    def __exit__(self, *_: Any) -> None:
        self._book()
        jax.profiler.stop_trace()
        print_line(self.sentence())

    def sentence(self) -> str:
        """The shares in per cent, the largest first."""
        total = sum(self.seconds.values()) or 1.0
        shares = sorted(self.seconds.items(), key=lambda item: -item[1])
        told = ", ".join(f"{kind} {100 * seconds / total:.0f} %" for kind, seconds in shares)
        return (
            f"fit took {total:.3g} s: {told}. The trace is in {self.folder}: open it in ui.perfetto.dev or TensorBoard."
        )

    def _book(self) -> None:
        now = time.perf_counter()
        self.seconds[self._kinds[-1]] += now - self._since
        self._since = now

    @contextlib.contextmanager
    def spent_on(self, kind: str) -> Iterator[None]:
        """A context for work of one of `KINDS`, which shows in the trace by that name."""
        self._book()
        self._kinds.append(kind)
        try:
            with jax.profiler.TraceAnnotation(f"jaxnn {kind}"):
                yield
        finally:
            self._book()
            self._kinds.pop()

    def each(self, kind: str, items: Iterable[Any]) -> Iterator[Any]:
        """The items, where fetching the next one is work of a kind."""
        iterator, end = iter(items), object()
        while True:
            with self.spent_on(kind):
                item = next(iterator, end)
            if item is end:
                return
            yield item

    def callbacks(self, callbacks: Any) -> Any:
        """The callbacks, whose every call is work of the kind "callbacks"."""
        return _Timed(callbacks, self)


class _Timed:
    """Callbacks whose hooks are timed."""

    def __init__(self, callbacks: Any, clock: Profile):
        self._callbacks, self._clock = callbacks, clock

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._callbacks, name)
        if not name.startswith("on_"):
            return value

        def hook(*args: Any, **kwargs: Any) -> Any:
            with self._clock.spent_on("callbacks"):
                return value(*args, **kwargs)

        return hook
