"""Findings that the user has switched off."""

import warnings

import numpy as np
import pytest

from jaxnn import doctor
from jaxnn.doctor.ignoring import is_ignored
from tests.doctor.fakes import FakeModel

NAN = np.full((4, 4), np.nan, "float32")


def look(who="predict"):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        doctor.check_data(FakeModel(), who, (NAN, None, None))


@pytest.mark.parametrize("code", ["J107", "NaN-in-x"])
def test_a_block_silences_by_code_and_by_word(code):
    with doctor.ignore(code):
        look()
        with doctor.ignore("J107", "J108"):
            assert is_ignored("infinity-in-x")
        assert not is_ignored("J108")
        look()  # the outer block still holds
    with pytest.raises(UserWarning, match="J107"):
        look()


def test_without_a_block_it_holds_until_undone():
    ignoring = doctor.ignore("J107")
    look()
    with ignoring:
        pass
    assert not is_ignored("J107")


def test_an_error_that_is_ignored_stops_nothing():
    with doctor.ignore("J301"):
        doctor.check_names("msee", None, None)


def test_an_unknown_code_is_told_with_the_nearest():
    with pytest.raises(ValueError, match=r"ignore: 'NaN-in-xx' is no finding's code. Did you mean 'NaN-in-x'?"):
        doctor.ignore("NaN-in-xx")
