"""The site: every public name, finding, lesson and document has its page, and it builds without a warning."""

import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

import jaxnn
from docs.pages import menu, pages
from docs.pages.namespaces import homes, namespaces
from docs.pages.places import with_links_of_the_site
from jaxnn.doctor.codes import CODES

ROOT = Path(__file__).parents[1]
STUBS = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in ROOT.glob("jaxnn/**/*.pyi")
]


@pytest.fixture(scope="module")
def made():
    return pages()


@pytest.fixture(scope="module")
def all_pages(made):
    """Those that are made, and those that are files of docs/."""
    return {*made, *(path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.*"))}


def entries_of_the_menu():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    return re.findall(r"^  - .*: (\S+)$", text[text.index("\nnav:") : text.index("\nhooks:")], re.MULTILINE)


def test_the_walk_finds_every_family_that_has_a_stub_and_every_module_at_the_top():
    assert {*STUBS, *(f"jaxnn.{name}" for name in jaxnn._MODULES), "jaxnn.doctor"} <= set(namespaces())


@pytest.mark.parametrize("namespace", namespaces())
def test_every_public_name_is_in_its_namespaces_table_and_explained_once(made, namespace):
    for entry in namespaces()[namespace]:
        assert f"| [`{entry.name}`](" in made[f"api/{namespace}.md"]
        home = homes()[entry.origin]
        assert made[f"api/{home.namespace}.md"].count(f"::: {entry.origin}\n") == 1


def test_every_stubs_names_are_those_of_its_page(made):
    for package in STUBS:
        stub = next(
            path
            for path in (ROOT / (package.replace(".", "/") + end) for end in (".pyi", "/__init__.pyi"))
            if path.exists()
        )
        for name in re.findall(
            r"^from .* import \(?\s*(\w+) as \1,?\s*\)?$|^(\w+) = \w+$", stub.read_text(encoding="utf-8"), re.M
        ):
            assert f"[`{''.join(name)}`](" in made[f"api/{package}.md"]


def test_every_finding_has_a_page(all_pages):
    assert {f"doctor/{code}.md" for code in CODES} <= all_pages


def test_every_lesson_and_example_is_there(made):
    assert {f"lessons/{path.stem}.md" for path in (ROOT / "notebooks").glob("*.ipynb")} <= set(made)
    for path in (ROOT / "configs").glob("*.*"):
        assert f"## {path.name} " in made["examples.md"]


def test_the_menu_names_pages_that_there_are(all_pages):
    assert len(entries_of_the_menu()) >= 8
    for entry in entries_of_the_menu():
        inside = menu.unfolded(entry, sorted(all_pages)) if entry.endswith("/") else [entry]
        assert inside
        assert all(isinstance(item, dict) or item in all_pages for item in inside)


def test_every_link_between_pages_leads_to_a_page(made, all_pages):
    lost = []
    for name, text in made.items():
        if name.endswith(".md"):
            for address in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)):
                path = address.partition("#")[0]
                if path and not re.match(r"\w+:", path):
                    target = (ROOT / PurePosixPath(name).parent / path).resolve().relative_to(ROOT.resolve()).as_posix()
                    if target not in all_pages:
                        lost.append((name, address))
    assert not lost


def test_a_link_of_the_repository_becomes_one_of_the_site():
    text = "[a](ARCHITECTURE.md#core) [b](notebooks/01_first_network.ipynb) `[c](README.md)` [d](https://keras.io)"
    assert with_links_of_the_site(text, "README.md", "index.md") == (
        "[a](architecture.md#core) [b](lessons/01_first_network.md) `[c](README.md)` [d](https://keras.io)"
    )
    assert with_links_of_the_site("[a](../README.md)", "notebooks/x.ipynb", "lessons/x.md") == "[a](../index.md)"
    assert with_links_of_the_site("[a](nowhere.md)", "README.md", "index.md") == "[a](nowhere.md)"


def test_a_folder_of_the_menu_is_its_pages_the_index_first_and_translations_last():
    names = [
        "l/01.md",
        "l/01.zh-TW.md",
        "l/02.md",
        "l/index.md",
        "api/j.b.md",
        "api/j.a.md",
        "api/j.a.x.md",
        "other.md",
    ]
    assert menu.unfolded("l/", names) == ["l/index.md", "l/01.md", "l/02.md", {"中文": ["l/01.zh-TW.md"]}]
    assert menu.unfolded("api/", names) == [{"j.a": ["api/j.a.md", "api/j.a.x.md"]}, "api/j.b.md"]
    assert menu.unfolded("other.md", names) == "other.md"


def test_a_docstrings_sections_are_those_that_griffe_reads():
    pytest.importorskip("griffe")
    from docs.docstrings import prepared

    text = """Adds.

    Args:
        a, b: what is added, over
            two lines.
        c: another.

    Shape: any → the same.

    Call arguments:
        x: one.
        y: two.

    Example:
        >>> add(1, 2)
        3

    Source: a book.
    """
    assert prepared(text).splitlines() == [
        "Adds.",
        "",
        "Args:",
        "    a: what is added, over",
        "        two lines.",
        "    b: what is added, over",
        "        two lines.",
        "    c: another.",
        "",
        "**Shape:** any → the same.",
        "",
        "**Call arguments:**",
        "",
        "- `x`: one.",
        "- `y`: two.",
        "",
        "Examples:",
        "    >>> add(1, 2)",
        "    3",
        "",
        "**Source:** a book.",
    ]


def test_no_word_of_a_docstring_is_lost():
    pytest.importorskip("griffe")
    from docs.docstrings import prepared

    for entry in homes().values():
        before, after = (
            inspect.getdoc(entry.value) or "",
            prepared(inspect.getdoc(entry.value) or "", isinstance(entry.value, type)),
        )
        assert set(re.findall(r"\w+", before)) <= set(re.findall(r"\w+", after)) | {"Example"}, entry.path


def test_equations_become_mathml():
    pytest.importorskip("latex2mathml")
    from docs.mathml import rendered, rendered_title

    page = rendered(
        '<p>so <span class="arithmatex">\\(x &lt; 1\\)</span></p><div class="arithmatex">\\[\ny^2\n\\]</div>'
    )
    assert page.startswith("<p>so <math")
    assert "<mo>&#x0003C;</mo>" in page
    assert 'display="block"' in page
    assert "arithmatex" not in page
    thin = '<mspace width="0.17em"/>'
    assert f"{thin}<mi>ln</mi>{thin}<mi>p</mi>" in rendered('<span class="arithmatex">\\(y \\ln p\\)</span>')
    assert rendered_title("2. A layer is \\(XW + b\\)").startswith("2. A layer is <math")


@pytest.mark.skipif(
    any(
        importlib.util.find_spec(name) is None
        for name in ("mkdocs", "material", "mkdocstrings", "griffe", "latex2mathml")
    ),
    reason="needs the extra jaxnn[docs]",
)
def test_the_site_builds_without_a_warning(tmp_path):
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "\n".join(line for line in done.stderr.splitlines() if not line.startswith("INFO"))
    assert "Affine map of the last axis" in (tmp_path / "api" / "jaxnn.layers.html").read_text(encoding="utf-8")
    assert "<math" in (tmp_path / "lessons" / "01_first_network.html").read_text(encoding="utf-8")
