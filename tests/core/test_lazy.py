"""Names whose modules are imported on demand: nobody can tell, except by the clock."""

import ast
import importlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import jaxnn
from jaxnn.core import lazy, registry

ROOT = Path(__file__).parents[2]
ATTACHED = sorted(lazy._tables)
KINDS = ("layers", "ops", "losses", "metrics", "optimizers", "optimizers.schedules", "callbacks", "utils")


def in_a_fresh_process(code, *argv):
    """What a new Python prints that has imported jaxnn and nothing of it since."""
    code = "import json, sys, jaxnn; from jaxnn.core import registry\n" + code
    run = subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.mark.parametrize("name", ATTACHED)
def test_every_name_of_a_stub_is_there(name):
    module = importlib.import_module(name)
    for public in module.__all__:
        assert getattr(module, public) is not None
    assert set(module.__all__) <= set(dir(module))


@pytest.mark.parametrize("name", ATTACHED)
def test_a_checker_reads_the_same_names_in_the_stub(name):
    module = importlib.import_module(name)
    tree = ast.parse(Path(module.__file__ + "i").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    names = {node.targets[0].id for node in tree.body if isinstance(node, ast.Assign)}
    for node in imports:
        if node.names[0].name == "*":
            names |= set(importlib.import_module(node.module).__all__)
        else:  # checkers take any other form for private
            assert all(alias.name == alias.asname for alias in node.names)
            names |= {alias.name for alias in node.names}
    assert names == set(module.__all__)


@pytest.mark.parametrize("kind", ["layers", "losses", "metrics", "optimizers", "callbacks"])
def test_whatever_is_registered_is_public(kind):
    module = importlib.import_module(f"jaxnn.{kind}")
    public = {getattr(module, name) for name in module.__all__}
    registered = {found for found in registry.objects(kind).values() if found.__module__.startswith("jaxnn.")}
    assert registered <= public


def test_two_modules_never_register_the_same_name():
    code = """
taken, export = {}, registry.export
def watched(kind, *aliases, **options):
    decorator = export(kind, *aliases, **options)
    def register(obj):
        before = dict(registry.tables._kinds.get(kind, {}))
        result = decorator(obj)
        now = registry.tables._kinds[kind]
        for name, found in before.items():
            assert now[name] is found or found.__module__ == obj.__module__, (kind, name)
        return result
    return register
registry.export = watched
for module in [m for m in sys.modules if m.startswith("jaxnn")]:
    if getattr(sys.modules[module], "export", None) is export:
        sys.modules[module].export = watched
for kind in sys.argv[1:]:
    registry.objects(kind)
"""
    in_a_fresh_process(code, *KINDS)  # else what a name means would hang on what was imported first


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="a process for each name is too slow without fork")
def test_every_registered_name_is_found_without_its_module():
    names = [(kind, name) for kind in KINDS for name in registry.objects(kind)]
    full = [name for name in registry.tables._by_api if not name.startswith("Custom>")]
    code = """
import os
def unfound(look):
    child = os.fork()
    if not child:
        os._exit(look() is None)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
names, full = json.load(sys.stdin)
lost = [(kind, name) for kind, name in names if unfound(lambda: registry.find(kind, name))]
print(json.dumps(lost + [name for name in full if unfound(lambda: registry.by_api(name))]))
"""
    code = "import json, sys, jaxnn; from jaxnn.core import registry\n" + code
    given = json.dumps([names[::7], full[::7]])  # every seventh, 200 processes
    run = subprocess.run([sys.executable, "-c", code], input=given, capture_output=True, text=True, cwd=ROOT)
    assert json.loads(run.stdout or "0") == [], run.stderr


@pytest.mark.parametrize(
    "expression",
    [
        "jaxnn.layers.deserialize({'class_name': 'LSTM', 'config': {'units': 2}}).units == 2",
        "jaxnn.layers.deserialize({'class_name': 'Maxout', 'registered_name': 'jaxnn>Maxout', 'config': {'units': 2}})",
        "jaxnn.saving.get_registered_object('jaxnn>Maxout') is jaxnn.layers.Maxout",
        "jaxnn.activations.get('selu') is jaxnn.activations.selu",
        "isinstance(jaxnn.metrics.get('auc'), jaxnn.metrics.AUC)",
        "jaxnn.losses.get('mse') is jaxnn.losses.mean_squared_error",
        "jaxnn.losses.deserialize('Huber') or jaxnn.losses.Huber",
        "isinstance(jaxnn.optimizers.get('ADAMW'), jaxnn.optimizers.AdamW)",
        "registry.by_api('keras.optimizers.schedules.CosineDecay') is jaxnn.optimizers.schedules.CosineDecay",
        "isinstance(jaxnn.metrics.get('mean_squared_error'), jaxnn.metrics.MeanSquaredError)",  # a function, too
        "registry.by_api('keras.src.ops.numpy.Cumsum') is not None",
        "registry.by_api('keras.src.layers.preprocessing.feature_space.Cross') is not None",
        "(jaxnn.Input((3,)) * 2.0).shape == (None, 3)",
        "'LSTM' in dir(jaxnn.layers) and 'LSTM' in dir(jaxnn) and jaxnn.LSTM is jaxnn.layers.LSTM",
    ],
)
def test_a_fresh_process_knows(expression):
    assert in_a_fresh_process(f"print(bool({expression}))") == "True"


def test_an_unknown_name_asks_for_no_library_that_is_missing():
    code = "sys.modules.update(dict.fromkeys(sys.argv[1:]))\nprint(registry.by_api('keras.src.layers.nothing.Nothing'))"
    assert in_a_fresh_process(code, "sklearn", "matplotlib", "pandas", "PIL", "flax") == "None"


def test_one_layer_of_a_config_imports_no_other():
    code = "registry.by_api('keras.layers.LSTM'); print([m in sys.modules for m in sys.argv[1:]])"
    modules = [f"jaxnn.layers.{name}" for name in ("lstm", "pooling", "dot", "normalization")]
    assert in_a_fresh_process(code, *modules) == "[True, False, False, False]"


def test_a_config_imports_no_module_that_it_names():
    config = {"module": "keras.cli.train", "class_name": "run", "config": {}, "registered_name": None}
    code = f"""
try:
    jaxnn.saving.deserialize_keras_object({config!r})
except TypeError:
    print([m for m in sys.modules if m.startswith("jaxnn.cli")])
"""
    assert in_a_fresh_process(code) == "[]"


def test_a_module_never_hides_the_function_of_its_name():
    for package, name in (("jaxnn.ops", "dense"), ("jaxnn.ops", "normalize"), ("jaxnn.layers", "concatenate")):
        code = f"import {package}.{name}; print(type({package}.{name}).__name__)"
        assert in_a_fresh_process(code) == "function"


def test_pickles_find_their_modules():
    pickled = pickle.dumps(jaxnn.layers.GaussianNoise).hex()
    assert in_a_fresh_process(f"import pickle; print(pickle.loads(bytes.fromhex('{pickled}')).__name__)") == (
        "GaussianNoise"
    )


def test_a_star_import_has_everything():
    names: dict = {}
    exec("from jaxnn.layers import *", names)
    assert set(jaxnn.layers.__all__) <= set(names)


def test_an_unknown_name_is_told():
    with pytest.raises(AttributeError, match=r"module 'jaxnn.layers' has no attribute 'Dens'"):
        _ = jaxnn.layers.Dens
    with pytest.raises(ImportError, match=r"cannot import name 'Dens' from 'jaxnn.layers'"):
        exec("from jaxnn.layers import Dens")
    with pytest.raises(AttributeError, match="module 'jaxnn' has no attribute 'Dens'"):
        _ = jaxnn.Dens


def test_a_module_may_be_imported_while_jax_traces():
    code = """
import jax
def everything(x):
    for package in list(jaxnn.core.lazy._tables):
        jaxnn.core.lazy.load(package)
    return x
jax.jit(everything)(1.0)
modules = [vars(module) for name, module in sys.modules.items() if name.startswith("jaxnn")]
print([name for names in modules for name, found in names.items() if isinstance(found, jax.core.Tracer)])
"""
    assert in_a_fresh_process(code) == "[]"
