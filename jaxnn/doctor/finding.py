"""What a check has found, and how it is said: an error stops the call, a warning is said once a model."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        code: names the kind of mistake; a warning of a code is said once a model.
        message: one sentence of fact, one of help, with the method's name first.
        severity: "error" where the result is certainly worthless, else "warning".
    """

    code: str
    message: str
    severity: str = "error"


_said: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()


def report(model: Any, findings: Iterable[Finding]) -> None:
    """Says what was found. The findings are taken one by one, so a check may rely on those before it.

    Raises:
        ValueError: at the first error, with its message.
    """
    for finding in findings:
        if finding.severity == "error":
            raise ValueError(finding.message)
        said = _said.setdefault(model, set())
        if finding.code not in said:
            said.add(finding.code)
            warnings.warn(finding.message, UserWarning, stacklevel=_users_level())


def _users_level() -> int:
    """How many frames up the caller's own code is, so that the warning shows the line that called `fit`."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "jaxnn":
        frame, level = frame.f_back, level + 1
    return level
