r"""Equations as MathML, which browsers draw by themselves: no script, nothing fetched.

pymdownx.arithmatex (generic) marks them: `<span class="arithmatex">\(x\)</span>`, `<div class="arithmatex">\[x\]</div>`.
"""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

_EQUATION = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
_IN_TITLE = re.compile(r"\\\((.*?)\\\)")


def rendered(page: str) -> str:
    """A page's HTML with each equation drawn."""
    return _EQUATION.sub(_drawn, page)


def rendered_title(title: str) -> str:
    """A heading in a table of contents, where only the equation's LaTeX is left."""
    return _IN_TITLE.sub(lambda equation: convert(html.unescape(equation[1])), title)


def _drawn(equation: re.Match) -> str:
    kind, latex = equation.groups()
    return convert(html.unescape(latex).strip(), display="block" if kind == "div" else "inline")
