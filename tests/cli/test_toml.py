"""TOML: what is written reads back the same, and keys are found on their lines."""

import tomllib

import pytest

from jaxnn.cli import toml


def test_what_is_written_reads_back_the_same():
    config = {
        "seed": 3,
        "data": {"task": 'bi"na\\ry é\n', "years": [2012, 2013], "none": []},
        "model": {"layers": [{"type": "Dense", "units": 2, "l2": {"type": "L2", "l2": 1e-07}}, {"type": "Flatten"}]},
        "fit": {"shuffle": True, "rate": 0.1, "big": 1e22, "odd key": -1, "empty": {}},
    }
    assert tomllib.loads(toml.dumps(config)) == config


@pytest.mark.parametrize(
    ("text", "value"),
    [("50", 50), ("0.1", 0.1), ("1e-3", 1e-3), ("true", True), ("'adam'", "adam"), ("[1, 2]", [1, 2])],
)
def test_values_are_typed_as_toml_types_them(text, value):
    read = toml.value(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("text", ["", "adam", "True", "1 2", "1\nb = 2"])
def test_what_is_not_one_toml_value_is_refused(text):
    with pytest.raises(tomllib.TOMLDecodeError):
        toml.value(text)


TEXT = """\
# seed = 0
seed = 1
data.task = "binary"

[fit]
epochs = 2

[[model.layers]]
type = "Dense"
[[model.layers]]
type = "Dense"
[model.layers.kernel_regularizer]
type = "L2"

[other]
list = [
  { a = 1 },
  { a = 2 },
]
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("seed",), 2),
        (("data", "task"), 3),
        (("fit",), 5),
        (("fit", "epochs"), 6),
        (("fit", "absent"), 5),
        (("model", "layers", 0, "type"), 9),
        (("model", "layers", 1), 10),
        (("model", "layers", 1, "kernel_regularizer", "type"), 13),
        (("other", "list", 1, "a"), 18),
        (("nowhere",), None),
    ],
)
def test_keys_are_found_on_their_lines(path, line):
    assert toml.line_of(TEXT, path) == line
