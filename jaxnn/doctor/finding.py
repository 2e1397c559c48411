"""What a check has found, and how it is said: an error stops the call, a warning is said once a model."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple

from jaxnn.doctor.codes import CODE_OF
from jaxnn.doctor.ignoring import is_ignored
from jaxnn.doctor.texts import Text


class Finding(NamedTuple):
    """One thing that is wrong.

    Attributes:
        word: names the kind of mistake, as `code` does.
        who: the method whose call is wrong.
        fact: what is wrong, in a sentence.
        help: what to do, in another.
        severity: "error" where the result is certainly worthless, else "warning".
    """

    word: str
    who: str
    fact: Text
    help: Text
    severity: str = "error"

    @property
    def code(self) -> str:
        """Such as "J107": what `doctor.ignore` takes, and the name of the page."""
        return CODE_OF[self.word]

    @property
    def message(self) -> str:
        """Both sentences, with the method's name first and the code last."""
        return str(Text("message", who=self.who, fact=self.fact, help=self.help, code=self.code))

    @property
    def page(self) -> str:
        """Where the documentation tells more."""
        return f"docs/doctor/{self.code}.md"


_said: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()


def report(model: Any, findings: Iterable[Finding]) -> None:
    """Says what was found. The findings are taken one by one, so a check may rely on those before it.

    Raises:
        ValueError: at the first error, with its message.
    """
    for finding in findings:
        if is_ignored(finding.code):
            continue
        if finding.severity == "error":
            raise ValueError(finding.message)
        said = _said.setdefault(model, set())
        if finding.word not in said:
            said.add(finding.word)
            warnings.warn(finding.message, UserWarning, stacklevel=_users_level())


def _users_level() -> int:
    """How many frames up the caller's own code is, so that the warning shows the line that called `fit`."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "jaxnn":
        frame, level = frame.f_back, level + 1
    return level
