"""The lessons run top to bottom in a fresh kernel, and what they say is what they print."""

import ast
import functools
import os
import re
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")
pytest.importorskip("pandas")
pytest.importorskip("sklearn")
pytest.importorskip("flatbuffers")

from tests.documents.test_rows import ALL  # noqa: E402

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHINESE = [path for path in NOTEBOOKS if path.stem.endswith(".zh-TW")]  # the same code in another language
ENGLISH = [path for path in NOTEBOOKS if path not in CHINESE]
LARGEST = 400_000  # bytes: a repository should stay light to clone

TIME = re.compile(r"\d+(\.\d+)? ?(s|ms|us)\b(/step)?")
COLOUR = re.compile(r"\x1b\[\d+m")
NUMBER = re.compile(r"\d[\d,]*\d(?:\.\d+)?(?:e[+-]?\d+)?|\d(?:\.\d+)?(?:e[+-]?\d+)?")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_run = pytest.mark.parametrize("path", ENGLISH, ids=lambda path: path.stem)


@functools.cache
def stored(path):
    return nbformat.read(path, as_version=4)


def fresh(path):
    """The notebook as a new kernel of this Python runs it; an exception in a cell is raised here."""
    notebook = nbformat.read(path, as_version=4)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # else no figure would be stored
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [env.get("PYTHONPATH")])])
    client = nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env=env)
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell):
    """What a cell wrote as text, without colours and times."""
    parts = []
    for output in cell.get("outputs", []):
        text = output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")
        parts.append("\n".join(line.rstrip() for line in COLOUR.sub("", text).splitlines()))
    return TIME.sub("", "\n".join(parts))


def numbers(text):
    return [number.replace(",", "") for number in NUMBER.findall(text)]


def same_number(a, b):
    """Equal up to 1 %, or one unit of the last digit shown: another CPU may round otherwise."""
    digits = max(len(x.partition(".")[2]) for x in (a, b))
    return abs(float(a) - float(b)) <= max(0.01 * abs(float(b)), 1.01 * 10**-digits)


def test_there_are_notebooks():
    assert NOTEBOOKS


@every_notebook
def test_a_notebook_is_stored_with_the_outputs_of_one_run_from_top_to_bottom(path):
    cells = code_cells(stored(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert any("image/png" in output.get("data", {}) for output in outputs)


@every_notebook
def test_a_notebook_is_small_and_holds_nothing_of_the_machine_it_ran_on(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < LARGEST
    assert not re.search(r"/home/|/root/|/tmp/|/Users/|site-packages|[A-Z]:\\\\", text)
    assert not [cell.metadata for cell in stored(path).cells if cell.metadata]  # no times of execution
    assert set(stored(path).metadata) <= {"kernelspec", "language_info"}


@every_run
def test_a_notebook_runs_top_to_bottom_and_draws_and_prints_what_is_stored(path):
    for before, now in zip(code_cells(stored(path)), code_cells(fresh(path)), strict=True):
        kinds = [[sorted(output.get("data", [])) for output in cell.outputs] for cell in (before, now)]
        assert kinds[0] == kinds[1], now.source
        old, new = printed(before), printed(now)
        assert NUMBER.sub("#", old) == NUMBER.sub("#", new)
        differ = [pair for pair in zip(numbers(old), numbers(new), strict=True) if not same_number(*pair)]
        assert not differ, f"(stored, fresh): {differ} in\n{new}"


@every_notebook
def test_a_finding_names_no_number_that_its_section_has_not_printed(path):
    said = 0
    shown, written = set(), set()
    for cell in stored(path).cells:
        if cell.cell_type == "code":
            shown |= set(numbers(printed(cell)))
            written |= set(numbers(cell.source))
            continue
        if re.search("^## ", cell.source, re.MULTILINE):
            shown, written = set(), set()
        for finding in re.findall(r"^> \*(?:Finding\.|發現。)\*(?:.*\n?)(?:^>.*\n?)*", cell.source, re.MULTILINE):
            said += 1
            for number in numbers(finding):
                known = shown if "." in number else shown | written  # "after 20 epochs" may stand in the code alone
                assert len(number) == 1 or number in known, f"{number} in: {finding}"
    assert said >= 5


def test_the_first_lesson_has_the_documents_snippets_to_the_letter():
    sources = ["".join(re.sub("#.*", "", cell.source).split()) for cell in code_cells(stored(NOTEBOOKS[0]))]
    for units, activation, loss in (
        (1, "sigmoid", "binary_crossentropy"),
        (3, "softmax", "categorical_crossentropy"),
        (1, "sigmoid", "mse"),
    ):
        snippet = f"""
            model = Sequential()
            model.add(Dense(16, activation='sigmoid', input_shape=(8,)))
            model.add(Dense(16, activation='sigmoid'))
            model.add(Dense({units}, activation='{activation}'))
            model.compile(loss='{loss}', optimizer=SGD(), metrics=['accuracy'])
            history = model.fit(x_train, y_train, batch_size=32, epochs=20, verbose=1, validation_data=(x_test, y_test))
        """
        assert "".join(snippet.split()) in sources


def test_the_table_of_lessons_names_each_of_them():
    table = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[\w+\]\((\w+\.ipynb)\)", table, re.MULTILINE) == [path.name for path in ENGLISH]
    for path in CHINESE:
        assert f"]({path.name.replace('.zh-TW', '')}) ([中文]({path.name})) |" in table


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.stem)
def test_a_translation_has_the_originals_code_outputs_and_numbers(path):
    original = stored(path.with_name(path.name.replace(".zh-TW", "")))
    assert [cell.cell_type for cell in stored(path).cells] == [cell.cell_type for cell in original.cells]
    for here, there in zip(code_cells(stored(path)), code_cells(original), strict=True):
        assert ast.dump(ast.parse(here.source)) == ast.dump(ast.parse(there.source))  # comments aside
        assert here.outputs == there.outputs
    for here, there in zip(stored(path).cells, original.cells, strict=True):
        if here.cell_type == "markdown":
            here, there = (re.sub(r"\]\(.*?\)", "", cell.source) for cell in (here, there))
            assert sorted(n for n in numbers(here) if len(n) > 1) == sorted(n for n in numbers(there) if len(n) > 1)


def seen():
    """Of each row of the documents, the lessons and sections that README.md's second table names."""
    table = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z]\d+) \|[^|]+\|([^|]+)\|$", table, re.MULTILINE)
    return {row: re.findall(r"\[\d+\]\(([\w.]+)\), sections? ([\d, ]+\d|\d)", places) for row, places in rows}


def test_every_row_of_the_documents_is_seen_in_a_lesson():
    assert set(seen()) == ALL


def test_the_lessons_have_the_sections_that_the_table_names():
    for row, places in seen().items():
        assert places, row
        for name, sections in places:
            text = "\n".join(cell.source for cell in stored(ROOT / "notebooks" / name).cells)
            for section in sections.split(", "):
                assert re.search(rf"^## {section}\. ", text, re.MULTILINE), f"{row}: {name} has no section {section}"
