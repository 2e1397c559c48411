r"""Equations as MathML, which browsers draw by themselves: no script, nothing fetched.

pymdownx.arithmatex (generic) marks them: `<span class="arithmatex">\(x\)</span>`, `<div class="arithmatex">\[x\]</div>`.
"""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

_THIN = '<mspace width="0.17em"/>'
_EQUATION = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
_FUNCTION = re.compile(r"<mi>(arg|cos|exp|ln|log|max|min|sin|tanh)</mi>(?!<mo[^>]*>(?:\(|&#x00028;))")
_IN_TITLE = re.compile(r"\\\((.*?)\\\)")


def rendered(page: str) -> str:
    """A page's HTML with each equation drawn."""
    return _EQUATION.sub(_drawn, page)


def rendered_title(title: str) -> str:
    """A heading in a table of contents, where only the equation's LaTeX is left."""
    return _IN_TITLE.sub(lambda equation: convert(html.unescape(equation[1])), title)


def _drawn(equation: re.Match) -> str:
    kind, latex = equation.groups()
    drawn = convert(html.unescape(latex).strip(), display="block" if kind == "div" else "inline")
    return _FUNCTION.sub(rf"{_THIN}<mi>\1</mi>{_THIN}", drawn)  # browsers leave none around a function's name
