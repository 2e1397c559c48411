# ruff: noqa: RUF001 (Chinese punctuation)
"""Every sentence in both languages, every finding with a code and a page."""

import re
import string
from pathlib import Path

import numpy as np
import pytest

import jaxnn
from jaxnn import doctor
from jaxnn.core.config import set_language
from jaxnn.doctor import chinese, english
from jaxnn.doctor.codes import CODE_OF, CODES
from jaxnn.doctor.texts import MODULES, Text, table
from tests.doctor.fakes import FakeModel

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "jaxnn" / "doctor"
PAGES = ROOT / "docs" / "doctor"


def places(sentence):
    return sorted({field for _, field, _, _ in string.Formatter().parse(sentence) if field})


def test_both_languages_have_the_same_sentences_with_the_same_places():
    assert list(english.SENTENCES) == list(chinese.SENTENCES)
    for key, sentence in english.SENTENCES.items():
        assert places(sentence) == places(chinese.SENTENCES[key]), key
        assert sentence != chinese.SENTENCES[key] or key == "none", key


def test_every_sentence_is_said_somewhere_and_every_one_said_exists():
    code = "\n".join(p.read_text(encoding="utf-8") for p in PACKAGE.glob("*.py") if p.stem not in MODULES.values())
    said = set(re.findall(r'"([\w-]+(?:/[\w-]+)*)"', code))
    patterns = [re.sub(r"\\{.*?\\}", ".*", re.escape(f)) for f in re.findall(r'f"([^"]*/[^"]*)"', code)]
    for key in english.SENTENCES:
        assert key in said or any(re.fullmatch(p, key) for p in patterns), f"{key} is never said"
    for key in re.findall(r'Text\(\s*"([^"]+)"', code):
        assert key in english.SENTENCES, f"{key} has no sentence"


def test_chinese_is_traditional_and_ends_with_chinese_stops():
    for key, sentence in chinese.SENTENCES.items():
        if key.endswith("/help"):
            assert re.search(r"[。？]$|\{hints\}$|x=\.\.\.$", sentence), key
        assert not re.search("[这们为说对与没应该数据层训练权误损样错点负]", sentence), key  # simplified


def test_codes_are_unique_and_numbered_by_theme():
    assert len(CODE_OF) == len(CODES)
    assert all(re.fullmatch(r"J[1-5]\d\d", code) for code in CODES)
    words = set(re.findall(r'Finding\(\s*"([\w-]+)"', "\n".join(p.read_text() for p in PACKAGE.glob("*.py"))))
    assert words <= set(CODE_OF)


def test_the_code_ends_the_message_and_names_the_page():
    with pytest.raises(ValueError, match=r"\[J104\]$"):
        doctor.check_data(FakeModel("mse"), "fit", (np.ones((0, 4)), np.ones((0, 1)), None))


def test_findings_are_told_in_chinese():
    nan = np.full((4, 4), np.nan, "float32")
    with jaxnn.config.set_language("zh-TW"):
        assert jaxnn.config.language() == "zh-TW"
        with pytest.warns(
            UserWarning, match="^predict：`x` 的 4 個樣本中有 4 個含 NaN，最先出現在第 0 列第 0 欄，.*［J107］$"
        ):
            doctor.check_data(FakeModel(), "predict", (nan, None, None))
        with pytest.raises(ValueError, match=r"^compile：不認得的損失函數：msee。是不是「mse」？［J301］"):
            doctor.check_names("msee", None, None)
    assert jaxnn.config.language() == "en"
    assert str(Text("none")) == table("en")["none"]


def test_an_unknown_language_is_told():
    with pytest.raises(ValueError, match="`language` must be"):
        set_language("zh-CN")


@pytest.mark.parametrize("code", CODES)
def test_every_finding_has_a_page(code):
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {code}: {CODES[code]}\n")
    for heading in ("## Why", "## What to do", "## How it looks"):
        assert heading in text
