"""A workload's contest: its workers import side by side; then they prepare and run in turns, one at a time."""

from __future__ import annotations

from collections.abc import Container
from functools import partial

from benchmarks import timing
from benchmarks.peers import PEERS
from benchmarks.timing import Contest
from benchmarks.worker import Worker
from benchmarks.workloads import Workload

SECONDS = 0.1  # of a turn: what disturbs a turn lasts longer, and more turns tell more than longer ones


class Field:
    """The workers of a session: a process a peer, started when it is first needed. A context manager: it ends them."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Field:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def contest(
        self,
        workload: Workload,
        rounds: int,
        seconds: float = SECONDS,
        without: Container[str] = (),
        thorough: bool = False,
    ) -> Contest:
        """Runs a workload.

        Args:
            workload: what to run.
            rounds: how often each contestant has its turn.
            seconds: a contestant for whom a run takes longer runs as many epochs or calls as fit in here, at least one. If
                that one takes more than half a second, or longer than this and no target is about it, it takes part in
                every third round only; from two seconds on, in every ninth.
            without: peers that shall not take part.
            thorough: everybody takes part in every round.
        """
        peers = tuple(peer for peer in workload.peers if peer not in without)
        contestants, left_out = self._prepare(workload._replace(peers=peers))
        count = workload.count
        each = {
            name: _seconds(*who, max(1, count // 10)) for name, who in contestants.items()
        }  # compiled, but not yet warm
        measures = {
            name: partial(_seconds, *who, max(1, min(count, int(seconds / each[name]))))
            for name, who in contestants.items()
        }
        compared = {name for target in workload.targets for name in (target.who, target.versus)}
        limits = {name: 0.5 if name in compared else seconds for name in measures}
        every = {name: 9 if each[name] > 2.0 else 3 for name in list(measures)[1:] if each[name] > limits[name]}
        times = timing.rounds_of(workload.title, measures, rounds, {} if thorough else every)
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
        for peer in present:  # one by one: threads that spin while they wait would take the cores from each other
            request = {"kind": workload.kind, "task": workload.task, "rows": workload.rows}
            answer = self._workers[peer].ask(do="prepare", variants=workload.variants.get(peer, ()), **request)
            if "error" in answer:
                left_out[peer] = answer["error"]
            for variant in answer.get("variants", ()):
                contestants[f"{peer}, {variant}" if variant else peer] = (self._workers[peer], variant)
        return contestants, left_out


def _seconds(worker: Worker, variant: str, count: int) -> float:
    """Seconds an epoch or call, in one run of so many."""
    answer = worker.ask(do="run", variant=variant, count=count)
    if "error" in answer:
        raise RuntimeError(f"{worker.peer} {variant}: {answer['error']}")
    return answer["seconds"] / count
