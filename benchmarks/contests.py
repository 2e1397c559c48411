"""A workload's contest: its workers prepare side by side, then take turns, one at a time."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import timing
from benchmarks.peers import PEERS
from benchmarks.timing import Contest
from benchmarks.worker import Worker
from benchmarks.workloads import Workload


class Field:
    """The workers of a session: a process a peer, started when it is first needed. A context manager: it ends them."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Field:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def contest(self, workload: Workload, rounds: int, count: int, seconds: float) -> Contest:
        """Runs a workload.

        Args:
            workload: what to run.
            rounds: how often each contestant has its turn.
            count: how many epochs or calls a run is made of.
            seconds: a contestant for whom that takes longer runs as many as fit in here.
        """
        contestants, left_out = self._prepare(workload)
        measures = {name: self._measure(*who, count, seconds) for name, who in contestants.items()}
        times = timing.rounds_of(workload.title, measures, rounds)
        return Contest(workload.name, workload.title, workload.unit, times, workload.targets, left_out)

    def _prepare(self, workload: Workload) -> tuple[dict[str, tuple[Worker, str]], dict[str, str]]:
        """The contestants by name, with their workers and variants; and who is left out, and why."""
        left_out, contestants = {}, {}
        for peer in workload.peers:
            if missing := PEERS[peer].missing:
                left_out[peer] = f"{', '.join(missing)} is not installed"
        present = [peer for peer in workload.peers if peer not in left_out]
        for peer in present:
            if peer not in self._workers:
                self._workers[peer] = Worker(peer)
            request = {"kind": workload.kind, "task": workload.task, "rows": workload.rows}
            self._workers[peer].send(do="prepare", variants=workload.variants.get(peer, ()), **request)
        for peer in present:
            answer = self._workers[peer].answer()
            if "error" in answer:
                left_out[peer] = answer["error"]
            for variant in answer.get("variants", ()):
                contestants[f"{peer}, {variant}" if variant else peer] = (self._workers[peer], variant)
        return contestants, left_out

    @staticmethod
    def _measure(worker: Worker, variant: str, count: int, seconds: float) -> Callable[[], float]:
        """What gives one measurement, in seconds an epoch or call; first, a warm run that tells how many fit."""
        few = max(1, count // 10)
        each = _seconds(worker, variant, few)
        fitting = max(1, min(count, int(seconds / each)))
        return lambda: _seconds(worker, variant, fitting)


def _seconds(worker: Worker, variant: str, count: int) -> float:
    answer = worker.ask(do="run", variant=variant, count=count)
    if "error" in answer:
        raise RuntimeError(f"{worker.peer} {variant}: {answer['error']}")
    return answer["seconds"] / count
