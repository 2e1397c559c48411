"""A small config file to train, and the command line run in this process."""

from pathlib import Path

import pytest

from jaxnn.cli import main

CONFIGS = Path(__file__).parents[2] / "configs"

TINY = """\
seed = 1

[data]
task = "binary"
validation_years = [2015]

[model]
layers = [
  { type = "Dense", units = 4, activation = "relu", input_shape = [8] },
  { type = "Dense", units = 1, activation = "sigmoid" },
]

[compile]
loss = "binary_crossentropy"
optimizer = "SGD"
metrics = ["accuracy"]

[fit]
epochs = 2
batch_size = 256
verbose = 0
"""


@pytest.fixture
def tiny(tmp_path):
    """The path of a config that trains in a moment."""
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.fixture
def jaxnn(capsys):
    """Runs `jaxnn ...` and gives the exit code, what was printed and what went to the error stream."""

    def run(*argv):
        code = main([str(word) for word in argv])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
