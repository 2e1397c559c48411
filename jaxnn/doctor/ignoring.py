"""Findings that the user has seen and doesn't want to hear of again."""

from __future__ import annotations

from typing import Any

from jaxnn.core import check
from jaxnn.doctor.codes import CODE_OF, CODES

_ignored: set[str] = set()


def ignore(*codes: str) -> Any:
    """Silences findings, for the whole process or for a `with` block.

    An error that is silenced stops nothing: the call goes on, to wherever that leads.

    Args:
        *codes: such as "J107", or the words such as "NaN-in-x".

    Returns:
        A context manager: at its block's end the findings are heard again. Without a block they stay silent.

    Raises:
        ValueError: for what is no code.

    Example:
        >>> with ignore("J309"):
        ...     is_ignored("J309")
        True
        >>> is_ignored("J309")
        False
    """
    chosen = {_code(code) for code in codes}
    fresh = chosen - _ignored
    _ignored.update(fresh)
    return _Ignoring(fresh)


def is_ignored(code: str) -> bool:
    """Whether a finding of this code, or word, is silenced."""
    return CODE_OF.get(code, code) in _ignored


def _code(code: str) -> str:
    if code in CODES or code in CODE_OF:
        return CODE_OF.get(code, code)
    hint = check.nearest(str(code), [*CODES, *CODE_OF])
    raise ValueError(f"ignore: {code!r} is no finding's code.{hint} They are J101 to J504; see docs/doctor/README.md.")


class _Ignoring:
    """What has been silenced by one call; a block's end takes it back."""

    def __init__(self, codes: set[str]):
        self._codes = codes

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: Any) -> None:
        _ignored.difference_update(self._codes)
