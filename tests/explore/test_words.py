"""Numbers as words."""

import pytest

from jaxnn.explore.words import listed, number, part, percent, spread


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


@pytest.mark.parametrize(("mean", "deviation", "words"), [
    (0.0112, 0.00552, "0.0112 ± 0.0055"), (0.0606, 0.0106, "0.061 ± 0.011"), (2.3312, 0.00218, "2.3312 ± 0.0022"),
    (12345.6, 123.4, "12,346 ± 120"), (0.03, 1.234, "0.0 ± 1.2"), (0.5, 0.0996, "0.50 ± 0.10"), (0.9, 0.0, "0.9 ± 0"),
    (1.5e-8, 2.25e-9, "1.50e-08 ± 2.2e-09"), (float("inf"), float("nan"), "inf ± nan"),
])  # fmt: skip
def test_a_spread_has_two_digits_and_its_mean_no_more(mean, deviation, words):
    assert spread(mean, deviation) == words


def test_percentages_and_lists():
    assert [percent(p) for p in (0.721, 0.0312, 1, 0)] == ["72 %", "3.1 %", "100 %", "0 %"]
    assert listed(["a"]) == "a"
    assert listed("abc") == "a, b and c"
    assert listed("abcdefgh") == "a, b, c, d, e and 3 more"
