"""A state that was, and the way back to it and to whatever has been computed since."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from jaxnn.training.state import Session, TrainState, copies, kept


class Past(NamedTuple):
    """The state before a step: a copy of an earlier one, and what has been computed between.

    A copy of the state costs as much as some short steps, and has to wait for those before it; computing steps again costs
    nothing unless somebody wants to come back. So there is one copy for many chunks.

    Attributes:
        copied: the earlier state.
        since: what moves the session's state from there to here, chunk by chunk.
        seconds: the clock when the copy was made.
    """

    copied: TrainState
    since: tuple[Callable[[], Any], ...]
    seconds: float

    @classmethod
    def of(cls, session: Session) -> Past:
        """The session's state as it is now."""
        return cls(kept(session.state), (), time.perf_counter())

    def then(self, run: Callable[[], Any]) -> Past:
        """The state after one more chunk."""
        return self._replace(since=(*self.since, run))

    def age(self) -> float:
        """Seconds since the copy was made: no more will be needed to come back."""
        return time.perf_counter() - self.seconds

    def restore(self, session: Session) -> None:
        """Makes it the session's state again."""
        session.replay, session.state = None, copies(self.copied)
        for run in self.since:
            run()
