"""The documents' snippets and our configs: what the doctor says of them is listed here, and nothing else is said.

The configs' own runs are in tests/cli, where a warning is an error.
"""

import re
import tomllib
import warnings
from pathlib import Path

import pytest

from jaxnn import Sequential, layers, regularizers, utils
from jaxnn.datasets import rain
from jaxnn.training.trainer import Trainer
from tests.documents import test_s1_binary_snippet, test_s2_multiclass_snippet, test_s3_regression_snippet
from tests.documents.snippets import IMPORTS

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.toml"))
SNIPPETS = {
    "binary": (test_s1_binary_snippet.SNIPPET, []),
    "multiclass": (test_s2_multiclass_snippet.SNIPPET, []),
    "regression": (test_s3_regression_snippet.SNIPPET, ["J309"]),  # erratum E3: accuracy of amounts
}
EXPECTED = {"rain_regression": ["J309"]}  # the snippet as a config


def codes_of(caught):
    return [re.search(r"\[(J\d+)\]$", str(w.message))[1] for w in caught]


@pytest.mark.parametrize("task", SNIPPETS)
def test_the_documents_snippets_have_the_findings_that_are_listed(task, monkeypatch):
    monkeypatch.setattr(Trainer, "_fit", lambda *_: None)
    snippet, expected = SNIPPETS[task]
    (x_train, y_train), (x_test, y_test) = rain.load_data(task)
    names = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    utils.set_random_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(IMPORTS["star"], names)
        exec(snippet.replace("history = ", ""), names)
    assert codes_of(caught) == expected
    assert names["model"].doctor(x_train, y_train).codes == expected


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_our_configs_have_the_findings_that_are_listed(path):
    config = tomllib.loads(path.read_text(encoding="utf-8"))
    (x, y), _ = rain.load_data(config["data"]["task"])
    utils.set_random_seed(0)
    model = Sequential([made(layers, one) for one in config["model"]["layers"]])
    model.compile(**config["compile"])
    report = model.doctor(x, y, batch_size=config["fit"]["batch_size"])
    assert report.codes == EXPECTED.get(path.stem, [])


def made(family, table):
    """An object of a config's table, and those inside."""
    arguments = {k: made(regularizers, v) if isinstance(v, dict) else v for k, v in table.items() if k != "type"}
    return getattr(family, table["type"])(**arguments)
