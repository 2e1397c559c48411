"""Automatic names are Keras's; scopes make paths."""

import pytest

from jaxnn.core import naming


@pytest.fixture(autouse=True)
def fresh():
    naming.reset()


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("Dense", "dense"),
        ("BatchNormalization", "batch_normalization"),
        ("Conv2D", "conv2d"),
        ("Conv2DTranspose", "conv2d_transpose"),
        ("LSTM", "lstm"),
        ("ELU", "elu"),
        ("MyHTTPLayer", "my_http_layer"),
        ("GlobalAveragePooling1D", "global_average_pooling1d"),
        ("Layer_Two", "layer__two"),
        ("already_snake", "already_snake"),
    ],
)
def test_snake_case_is_keras(name, snake):
    assert naming.snake_case(name) == snake


def test_names_count_by_prefix():
    assert [naming.auto_name(n) for n in ("Dense", "Dense", "Dropout", "Dense")] == [
        "dense",
        "dense_1",
        "dropout",
        "dense_2",
    ]
    assert [naming.uid("dense"), naming.uid("dense"), naming.uid()] == [1, 2, 1]
    naming.reset()
    assert naming.auto_name("Dense") == "dense"


def test_scopes_nest_and_close():
    with naming.name_scope("a") as a, naming.name_scope("b") as b:
        assert (a.name, b.name, naming.current_path()) == ("a", "b", "a/b")
        with naming.name_scope("c", override_parent="/x/y"):
            assert naming.current_path() == "x/y/c"
        assert naming.current_path() == "a/b"
    assert naming.current_path() == ""


def test_a_scope_opens_once_for_a_caller_and_a_name():
    me = object()
    with naming.name_scope("a", caller=me), naming.name_scope("a", caller=me):
        assert naming.current_path() == "a"
        with naming.name_scope("a", caller=me, deduplicate=False):
            assert naming.current_path() == "a/a"
        assert naming.current_path() == "a"
    with naming.name_scope("a"), naming.name_scope("a"):
        assert naming.current_path() == "a/a"
    assert naming.current_path() == ""


@pytest.mark.parametrize("name", ["a/b", 3, None])
def test_a_name_is_a_string_without_slashes(name):
    with pytest.raises(ValueError, match="must be a string and cannot contain character `/`"):
        naming.check_name(name)
    with pytest.raises(ValueError, match="must be a string"), naming.name_scope(name):
        pass
