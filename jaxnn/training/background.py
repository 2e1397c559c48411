"""A thread beside the loop: data is prepared there while the device computes."""

from __future__ import annotations

import contextvars
import queue
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import jax

_PATIENCE = 2.0  # seconds that the end of a thread is waited for: a user's code in it may be waiting for the world


class Background:
    """Does what it is told, one thing after the other, in a thread of its own that begins with the first of them.

    One thread for all that is told, since what a user's generator holds (a database's connection, say) may belong to
    the thread that made it. It ends with `close`, or when nobody knows this object any more.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str):
        self._name = name
        self._tasks: queue.SimpleQueue[tuple[Future, Callable] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def do(self, work: Callable[[], Any]) -> Future:
        """What `work` gives or raises, sooner or later. It sees the caller's context variables and JAX's settings."""
        if self._thread is None:
            self._thread = threading.Thread(target=_work, args=(self._tasks,), name=self._name, daemon=True)
            self._thread.start()
            weakref.finalize(self, self._tasks.put, None)
        future: Future = Future()
        context, settings = contextvars.copy_context(), _Settings()
        self._tasks.put((future, lambda: context.run(settings.around, work)))
        return future

    def close(self) -> None:
        """Ends the thread when it has done what it was told."""
        if self._thread is not None:
            self._tasks.put(None)
            if self._thread is not threading.current_thread():
                self._thread.join(_PATIENCE)
            self._thread = None


def _work(tasks: queue.SimpleQueue) -> None:
    while (task := tasks.get()) is not None:
        future, work = task
        try:
            future.set_result(work())
        except BaseException as error:  # SystemExit in a user's code, too, is for whoever waits
            future.set_exception(error)
        del task, future, work  # else the last batch lives on while the thread waits


class _Settings:
    """What JAX keeps for each thread by itself: the default device."""

    def __init__(self) -> None:
        self._device = jax.config.jax_default_device  # type: ignore[attr-defined]

    def around(self, work: Callable[[], Any]) -> Any:
        with jax.default_device(self._device):
            return work()
