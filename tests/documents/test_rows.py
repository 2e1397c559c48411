"""Every row of what the documents hold has its tests here. The rows:

D0 to D4 are the five teaching notes on neural networks that jaxnn grew from; a row is a thing in them that a program can do
or check. S: snippets. A: data. F: forward pass. L: losses. B: backpropagation. H: hyper-parameters. G: generalisation.
C: the course that two of them announce. E: errata, each told in the file of the row that it belongs to.
"""

import ast
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COUNTS = {"S": 5, "A": 5, "F": 5, "L": 5, "B": 5, "H": 5, "G": 6, "C": 5, "E": 11}
ALL = {f"{letter}{i}" for letter, count in COUNTS.items() for i in range(1, count + 1)}
ERRATA = {
    "E1": "test_b4_gradient_descent",
    "E2": "test_l4_squared_error",
    "E3": "test_s3_regression_snippet",
    "E4": "test_h5_optimizers",
    "E5": "test_h4_normalised_step",
    "E6": "test_g3_weight_decay",
    "E7": "test_g4_dropout",
    "E8": "test_b3_batch_norm_backward",
    "E9": "test_l3_categorical_crossentropy",
    "E10": "test_s4_numpy_functions",
    "E11": "test_g3_weight_decay",
}

FILES = sorted(path for path in HERE.glob("test_*.py") if path.name != Path(__file__).name)
ROW_OF = {path.stem: re.match(r"test_([a-z]\d+)_", path.stem) for path in FILES}


def test_every_file_is_named_by_its_row():
    assert [name for name, row in ROW_OF.items() if row is None] == []
    assert {row[1].upper() for row in ROW_OF.values()} <= ALL


def test_every_row_has_a_file():
    tested = {row[1].upper() for row in ROW_OF.values()}
    assert tested | set(ERRATA) == ALL


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_says_its_row_and_tests_jaxnn(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    row = ROW_OF[path.stem][1].upper()
    assert re.match(rf"Rows? {row}\b", ast.get_docstring(tree)), "the docstring begins with the row"
    assert any(isinstance(node, ast.FunctionDef) and node.name.startswith("test_") for node in tree.body)
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert any(name.split(".")[0] == "jaxnn" or name == "tests.documents" for name in imported)


@pytest.mark.parametrize("erratum", ERRATA)
def test_every_erratum_is_told_where_it_belongs(erratum):
    tree = ast.parse((HERE / f"{ERRATA[erratum]}.py").read_text(encoding="utf-8"))
    assert re.search(rf"\b{erratum}\b", ast.get_docstring(tree).splitlines()[0])
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert (
        any(name.startswith(f"test_{erratum.lower()}_") for name in names) or erratum == "E5"
    )  # E5's file is its test
