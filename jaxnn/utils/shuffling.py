"""The order in which `tf.data` shuffles: same seeds, same batches, without TensorFlow.

A buffer of waiting elements is drawn from by Philox, a counter-based generator of random bits.

Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3 (Philox-4x32-10);
https://www.tensorflow.org/api_docs/python/tf/data/Dataset#shuffle
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from jaxnn.utils import seeding

_32_BITS = 0xFFFFFFFF
_NO_GLOBAL_SEED = 87654321  # what TensorFlow takes for the global seed where only an operation's is given


def shuffled(elements: Iterable, buffer_size: int, draw: Callable[[], int]) -> Iterator:
    """The elements, each drawn from a buffer that is filled up behind it.

    The element at the buffer's front takes the drawn one's place, and the front moves on: that is TensorFlow's order.
    """
    source = iter(elements)
    waiting = deque(itertools.islice(source, buffer_size))
    while waiting:
        place = draw() % len(waiting)
        element, waiting[place] = waiting[place], waiting[0]
        waiting.popleft()
        waiting.extend(itertools.islice(source, 1))
        yield element


class Seeds:
    """The generator of each pass over a dataset. The first pass, the second and so on differ, from run to run they don't.

    Args:
        seed: of the shuffle. None: from `set_random_seed` if that was called, else from the operating system.
        reshuffle: whether every pass has an order of its own.
    """

    def __init__(self, seed: int | None, reshuffle: bool = True):
        self._pair = _seed_pair(seed)
        self._passes = Philox(*self._pair) if reshuffle else None

    def next_pass(self) -> Philox:
        """The generator of the next pass."""
        return Philox(*self._pair) if self._passes is None else Philox(self._passes(), self._passes())


def _seed_pair(seed: int | None) -> tuple[int, int]:
    if seed is not None:
        chosen = seeding.random_seed()
        return (_NO_GLOBAL_SEED if chosen is None else chosen), seed
    if seeding.random_seed() is None:
        anything = random.SystemRandom()  # unlike `random` and NumPy's stream, no part of a seeded run
        return anything.getrandbits(63), anything.getrandbits(63)
    return seeding.random_seed(), seeding.next_operation_seed()


class Philox:
    """Random 32-bit numbers: `draw()`. Ten rounds scramble a 128-bit counter into four of them.

    Args:
        key: 64 bits.
        stream: 64 bits; the upper half of the counter.

    Example:
        >>> draw = Philox(0, 0)
        >>> hex(draw()), hex(draw())
        ('0x6627e8d5', '0xe169c58d')
    """

    def __init__(self, key: int, stream: int):
        self._key = key
        self._counter = (stream & (1 << 64) - 1) << 64
        self._ready: list[int] = []

    def __call__(self) -> int:
        if not self._ready:
            self._ready = self._block()
            self._counter += 1
        return self._ready.pop()

    def _block(self) -> list[int]:
        a, b, c, d = ((self._counter >> shift) & _32_BITS for shift in (0, 32, 64, 96))
        low, high = self._key & _32_BITS, (self._key >> 32) & _32_BITS
        for _ in range(10):
            p, q = a * 0xD2511F53, c * 0xCD9E8D57
            a, b, c, d = (q >> 32) ^ b ^ low, q & _32_BITS, (p >> 32) ^ d ^ high, p & _32_BITS
            low, high = (low + 0x9E3779B9) & _32_BITS, (high + 0xBB67AE85) & _32_BITS
        return [d, c, b, a]  # handed out from the end
