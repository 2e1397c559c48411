"""Where the boxes of a graph go: in rows by depth, arrows that pass a row in lanes of their own.

Source: K. Sugiyama et al., "Methods for Visual Understanding of Hierarchical System Structures" (1981): rows by the longest path,
stand-ins in the rows that an arrow passes, order by the mean place of the neighbours.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

_SWEEPS = 8


class Layout(NamedTuple):
    """Rows of boxes and lanes. A lane is a negative number; `ways` has for each arrow the items it passes, ends included."""

    rows: list[list[int]]
    ways: dict[tuple[int, int], list[int]]


def layout(count: int, arrows: list[tuple[int, int]]) -> Layout:
    """Rows for boxes 0 to count - 1.

    Args:
        count: of the boxes, in an order in which arrows point on, but for those of shared layers.
        arrows: (from, to).

    Example:
        >>> layout(3, [(0, 1), (1, 2), (0, 2)])
        Layout(rows=[[0], [1, -1], [2]], ways={(0, 1): [0, 1], (1, 2): [1, 2], (0, 2): [0, -1, 2]})
    """
    depth = [0] * count
    forward = [(a, b) for a, b in arrows if a < b]
    for b in range(count):
        depth[b] = max([depth[a] + 1 for a, end in forward if end == b], default=0)
    rows: list[list[int]] = [[] for _ in range(max(depth, default=0) + 1)]
    for box, d in enumerate(depth):
        rows[d].append(box)
    ways, lane = {}, 0
    for a, b in arrows:
        way = [a]
        for d in range(depth[a] + 1, depth[b]):
            lane -= 1
            rows[d].append(lane)
            way.append(lane)
        ways[a, b] = [*way, b]
    _order(rows, ways)
    return Layout(rows, ways)


def _order(rows: list[list[int]], ways: dict[tuple[int, int], list[int]]) -> None:
    """Sorts each row by the mean place of its neighbours in the row before, then the row behind, some times."""
    before: dict[int, list[int]] = {}
    behind: dict[int, list[int]] = {}
    for way in ways.values():
        for a, b in itertools.pairwise(way):
            before.setdefault(b, []).append(a)
            behind.setdefault(a, []).append(b)
    for sweep in range(_SWEEPS):
        neighbours = (before, behind)[sweep % 2]
        order = rows if sweep % 2 == 0 else rows[::-1]
        place = {item: i / max(1, len(order[0]) - 1) if len(order[0]) > 1 else 0.5 for i, item in enumerate(order[0])}
        for row in order[1:]:
            own = {item: i / max(1, len(row)) for i, item in enumerate(row)}
            mean = {
                item: sum(place.get(n, 0.5) for n in near) / len(near) if (near := neighbours.get(item)) else own[item]
                for item in row
            }
            row.sort(key=lambda item: mean[item])
            place |= {item: i / max(1, len(row) - 1) if len(row) > 1 else 0.5 for i, item in enumerate(row)}
