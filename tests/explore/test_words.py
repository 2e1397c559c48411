"""Numbers as words."""

import pytest

from jaxnn.explore.words import listed, number, part, percent


@pytest.mark.parametrize(("ratio", "words"), [
    (1e-6, "a millionth of"), (1.04e-3, "a thousandth of"), (0.34, "a third of"), (0.02, "1/50 of"), (0.9, "about as much as"),
    (3e-6, "3 millionths of"), (2e-8, "20 billionths of"), (0, "nothing of"),
])  # fmt: skip
def test_a_ratio_as_a_part(ratio, words):
    assert part(ratio) == words


@pytest.mark.parametrize(("x", "words"), [
    (0.012345, "0.0123"), (12.345, "12.3"), (12345, "12,300"), (0, "0"), (1.5e-8, "1.50e-08"), (float("nan"), "nan"), (100, "100"),
])  # fmt: skip
def test_a_number_has_three_digits(x, words):
    assert number(x) == words


def test_percentages_and_lists():
    assert [percent(p) for p in (0.721, 0.0312, 1, 0)] == ["72 %", "3.1 %", "100 %", "0 %"]
    assert listed(["a"]) == "a"
    assert listed("abc") == "a, b and c"
    assert listed("abcdefgh") == "a, b, c, d, e and 3 more"
