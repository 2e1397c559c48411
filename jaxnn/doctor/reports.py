"""What `model.doctor` returns: the findings, to be read, shown in a notebook, or looped over."""

from __future__ import annotations

import html
from collections.abc import Iterator

from jaxnn.doctor.finding import Finding
from jaxnn.doctor.texts import Text


class Report:
    """The findings on one model and its data, errors first.

    Args:
        findings: in the order in which they were found.

    Attributes:
        findings: a list of Finding: `code`, `word`, `severity`, `fact`, `help`, `message`, `page`.

    Example:
        >>> report = Report([])
        >>> len(report), report.codes, str(report)
        (0, [], 'nothing to report')
    """

    def __init__(self, findings: list[Finding]):
        self.findings = sorted(findings, key=lambda one: one.severity != "error")

    @property
    def codes(self) -> list[str]:
        """The codes, such as `["J309"]`."""
        return [one.code for one in self.findings]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __str__(self) -> str:
        if not self.findings:
            return str(Text("none"))
        return "\n".join([self._count(), *(f"{Text(one.severity)} {one.message}" for one in self.findings)])

    __repr__ = __str__

    def _count(self) -> str:
        errors = sum(one.severity == "error" for one in self.findings)
        return str(Text("count", errors=errors, warnings=len(self.findings) - errors))

    def _repr_html_(self) -> str:
        if not self.findings:
            return f"<p>{html.escape(str(self))}</p>"
        rows = (
            f"<tr><td><b>{one.code}</b><br>{Text(one.severity)}</td><td style='text-align:left'>{html.escape(str(one.fact))}"
            f"<br><i>{html.escape(str(one.help))}</i></td></tr>"
            for one in self.findings
        )
        return f"<p>{html.escape(self._count())}</p><table>{''.join(rows)}</table>"
