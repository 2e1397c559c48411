"""What surrounds a chunk of steps: Ctrl-C waits for its end, and finds the state whole."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jax

from jaxnn.training.state import Session


class Interrupts:
    """Holds Ctrl-C back while a chunk runs, so that it finds the state whole; a second Ctrl-C ends the waiting.

    A context manager for a whole run: a handler costs more to set than a short chunk takes. Where Ctrl-C is somebody
    else's business (another thread, no Python handler) it does nothing.
    """

    def __init__(self) -> None:
        self._previous: Any = None
        self._holding = self._waiting = False
        self._pressed: list[tuple] = []

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            previous = signal.getsignal(signal.SIGINT)
            if callable(previous):
                self._previous = previous
                signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def _hear(self, number: int, frame: Any) -> None:
        if self._holding and not (self._waiting and self._pressed):
            self._pressed.append((number, frame))
        else:
            self._previous(number, frame)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Until the (outermost) block is done, Ctrl-C is noted, not raised; then it is."""
        outer, self._holding = self._holding, True
        try:
            yield
        finally:
            self._holding = outer
        if self._pressed and not outer:
            pressed, self._pressed = self._pressed[0], []
            self._previous(*pressed)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Inside `held`: what was computed is safe, and a second Ctrl-C goes through."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False


def advance(session: Session, interrupts: Interrupts, run: Callable, args: tuple, wait: bool = True) -> Any:
    """Runs one chunk, with the interrupt held back and host reads refused; gives its logs.

    Args:
        session: whose state the chunk moves.
        interrupts: of the run.
        run: the compiled chunk.
        args: its arguments.
        wait: whether to wait for its end. A chunk that isn't waited for computes while the host prepares the next.
    """
    with interrupts.held():
        session.in_chunk, before = True, session.state
        try:
            logs, new = run(*args)
            # an evaluation moves seeds and metrics alone
            session.state = new if len(new) == 4 else before._replace(non_trainable=list(new[0]), metrics=list(new[1]))
            if wait:
                with interrupts.waiting():
                    jax.block_until_ready(logs)
        except Exception:
            session.state = before
            raise
        finally:
            session.in_chunk = False
    return logs
