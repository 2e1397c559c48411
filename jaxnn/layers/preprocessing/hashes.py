"""FarmHash64 and SipHash64 of many byte strings at once, in NumPy: the bits of `tf.strings.to_hash_bucket_*`.

Strings of one length are hashed side by side: byte i of all of them is a column.

Source: FarmHash's `farmhashna::Hash64` (https://github.com/google/farmhash), which is its `Fingerprint64`;
    Aumasson and Bernstein, SipHash: a fast short-input PRF (2012), with 2 and 4 rounds
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

_K0, _K1, _K2 = (np.uint64(k) for k in (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F))
_CAT = np.uint64(0xC6A4A7935BD1E995)

U64 = np.ndarray  # of uint64; sums and products wrap around


def farmhash64(strings: Sequence[bytes]) -> U64:
    """The FarmHash fingerprint of each string.

    Example:
        >>> [hex(h) for h in farmhash64([b"", b"hello"])]
        ['0x9ae16a3b2f90404f', '0xb48be5a931380ce8']
    """
    return _by_length(strings, _farmhash)


def siphash64(strings: Sequence[bytes], key: Sequence[int]) -> U64:
    """SipHash-2-4 of each string, under a key of two 64-bit numbers."""
    k0, k1 = (np.uint64(k & 0xFFFFFFFFFFFFFFFF) for k in key)
    return _by_length(strings, lambda data: _siphash(data, k0, k1))


def concatenated(first: U64, second: U64) -> U64:
    """One fingerprint for pairs of them, `FingerprintCat64`; their order matters."""
    mixed = (first ^ _CAT) ^ (_shift_mix(second * _CAT) * _CAT)
    return _shift_mix(_shift_mix(mixed * _CAT) * _CAT)


def _by_length(strings: Sequence[bytes], hash_rows: Callable[[_Rows], U64]) -> U64:
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    result = np.empty(len(strings), np.uint64)
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        joined = b"".join(strings[i] for i in places)
        with np.errstate(over="ignore"):
            result[places] = hash_rows(_Rows(np.frombuffer(joined, np.uint8).reshape(len(places), length)))
    return result


class _Rows:
    """Strings of one length; their bytes from an offset on as numbers, the lowest byte first."""

    def __init__(self, data: np.ndarray):
        self.data = data
        self.count, self.length = data.shape

    def byte(self, at: int) -> U64:
        return self.data[:, at].astype(np.uint64)

    def word(self, at: int) -> U64:
        return self._number(at, "<u8")

    def half(self, at: int) -> U64:
        return self._number(at, "<u4")

    def _number(self, at: int, dtype: str) -> U64:
        part = np.ascontiguousarray(self.data[:, at : at + np.dtype(dtype).itemsize])
        return part.view(dtype)[:, 0].astype(np.uint64)


def _rotate(x: U64, by: int) -> U64:
    """To the right."""
    return (x >> np.uint64(by)) | (x << np.uint64(64 - by))


def _shift_mix(x: U64) -> U64:
    return x ^ (x >> np.uint64(47))


# --- FarmHash ------------------------------------------------------------------------------------------------------------


def _farmhash(rows: _Rows) -> U64:
    if rows.length <= 16:
        return _up_to_16(rows)
    if rows.length <= 32:
        return _up_to_32(rows)
    return _up_to_64(rows) if rows.length <= 64 else _longer(rows)


def _pair(u: U64, v: U64, factor: U64) -> U64:
    a = _shift_mix((u ^ v) * factor)
    return _shift_mix((v ^ a) * factor) * factor


def _factor(rows: _Rows) -> U64:
    return np.full(rows.count, _K2 + np.uint64(2 * rows.length))


def _up_to_16(rows: _Rows) -> U64:
    n = rows.length
    if n >= 8:
        factor = _factor(rows)
        a, b = rows.word(0) + _K2, rows.word(n - 8)
        return _pair(_rotate(b, 37) * factor + a, (_rotate(a, 25) + b) * factor, factor)
    if n >= 4:
        return _pair(np.uint64(n) + (rows.half(0) << np.uint64(3)), rows.half(n - 4), _factor(rows))
    if n == 0:
        return np.full(rows.count, _K2)
    y = rows.byte(0) + (rows.byte(n >> 1) << np.uint64(8))
    z = np.uint64(n) + (rows.byte(n - 1) << np.uint64(2))
    return _shift_mix(y * _K2 ^ z * _K0) * _K2


def _up_to_32(rows: _Rows) -> U64:
    n, factor = rows.length, _factor(rows)
    a, b, c, d = rows.word(0) * _K1, rows.word(8), rows.word(n - 8) * factor, rows.word(n - 16) * _K2
    return _pair(_rotate(a + b, 43) + _rotate(c, 30) + d, a + _rotate(b + _K2, 18) + c, factor)


def _up_to_64(rows: _Rows) -> U64:
    n, factor = rows.length, _factor(rows)
    a, b, c, d = rows.word(0) * _K2, rows.word(8), rows.word(n - 8) * factor, rows.word(n - 16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _pair(y, a + _rotate(b + _K2, 18) + c, factor)
    e, f = rows.word(16) * factor, rows.word(24)
    g, h = (y + rows.word(n - 32)) * factor, (z + rows.word(n - 24)) * factor
    return _pair(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, factor)


def _weak(rows: _Rows, at: int, a: U64, b: U64) -> tuple[U64, U64]:
    """32 bytes into two numbers."""
    w, x, y, z = (rows.word(at + 8 * i) for i in range(4))
    a = a + w
    b = _rotate(b + a + z, 21)
    total = a + x + y
    return total + z, b + _rotate(total, 44) + a


def _longer(rows: _Rows) -> U64:
    zeros = np.zeros(rows.count, np.uint64)
    seed = zeros + np.uint64(81)
    y = seed * _K1 + np.uint64(113)
    z = _shift_mix(y * _K2 + np.uint64(113)) * _K2
    x = seed * _K2 + rows.word(0)
    v = w = (zeros, zeros)
    for at in range(0, (rows.length - 1) // 64 * 64, 64):
        x = _rotate(x + y + v[0] + rows.word(at + 8), 37) * _K1 ^ w[1]
        y = _rotate(y + v[1] + rows.word(at + 48), 42) * _K1 + v[0] + rows.word(at + 40)
        z = _rotate(z + w[0], 33) * _K1
        v = _weak(rows, at, v[1] * _K1, x + w[0])
        w = _weak(rows, at + 32, z + w[1], y + rows.word(at + 16))
        x, z = z, x
    factor = _K1 + ((z & np.uint64(0xFF)) << np.uint64(1))
    at = rows.length - 64
    w0 = w[0] + np.uint64((rows.length - 1) & 63)
    v0 = v[0] + w0
    w0 = w0 + v0
    nine = np.uint64(9)
    x = _rotate(x + y + v0 + rows.word(at + 8), 37) * factor ^ (w[1] * nine)
    y = _rotate(y + v[1] + rows.word(at + 48), 42) * factor + v0 * nine + rows.word(at + 40)
    z = _rotate(z + w0, 33) * factor
    v = _weak(rows, at, v[1] * factor, x + w0)
    w = _weak(rows, at + 32, z + w[1], y + rows.word(at + 16))
    x, z = z, x
    return _pair(_pair(v[0], w[0], factor) + _shift_mix(y) * _K0 + z, _pair(v[1], w[1], factor) + x, factor)


# --- SipHash -------------------------------------------------------------------------------------------------------------


def _siphash(rows: _Rows, k0: np.uint64, k1: np.uint64) -> U64:
    starts = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    state = [np.full(rows.count, key ^ np.uint64(start)) for key, start in zip((k0, k1) * 2, starts, strict=True)]
    whole = rows.length // 8 * 8
    last = np.full(rows.count, np.uint64((rows.length & 0xFF) << 56))
    for i in range(whole, rows.length):
        last |= rows.byte(i) << np.uint64(8 * (i - whole))
    for word in (*(rows.word(at) for at in range(0, whole, 8)), last):
        state[3] = state[3] ^ word
        _rounds(state, 2)
        state[0] = state[0] ^ word
    state[2] = state[2] ^ np.uint64(0xFF)
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _rounds(state: list, count: int) -> None:
    v0, v1, v2, v3 = state
    for _ in range(count):
        v0, v2 = v0 + v1, v2 + v3
        v1, v3 = _rotate(v1, 51) ^ v0, _rotate(v3, 48) ^ v2
        v0, v2 = _rotate(v0, 32) + v3, v2 + v1
        v3, v1 = _rotate(v3, 43) ^ v0, _rotate(v1, 47) ^ v2
        v2 = _rotate(v2, 32)
    state[:] = v0, v1, v2, v3
