"""Every finding's page: its first snippet is told off, its second one is not."""

import contextlib
import io
import re
import warnings
from pathlib import Path

import pytest

from jaxnn import utils
from jaxnn.doctor.codes import CODES
from jaxnn.training.trainer import Trainer

PAGES = Path(__file__).parents[2] / "docs" / "doctor"


@pytest.fixture(autouse=True)
def _only_checks(monkeypatch):
    """What `fit` checks comes before its first step; the steps themselves are other tests' matter."""
    monkeypatch.setattr(Trainer, "_fit", lambda *_: None)


def said(snippet):
    """The errors, warnings and reports of a snippet."""
    utils.set_random_seed(0)
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(snippet, {"__name__": "page"})
        except ValueError as error:
            print(error)
    return "\n".join([printed.getvalue(), *(str(w.message) for w in caught)])


@pytest.mark.parametrize("code", CODES)
def test_the_page_shows_what_is_told_and_what_is_not(code):
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    wrong, right = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert f"[{code}]" in said(wrong)
    assert "[J" not in said(right)


def test_the_table_lists_every_page():
    rows = re.findall(r"^\| \[(J\d+)\]\(\1\.md\) \| (\S+) \|", (PAGES / "README.md").read_text(encoding="utf-8"), re.M)
    assert dict(rows) == CODES
