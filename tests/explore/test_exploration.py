"""What all explorations share: they leave the model as it is, show and save themselves, and run on every kind of model."""

import base64
import doctest
import importlib
import io
import pkgutil
import random
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import explore, layers, optimizers
from jaxnn.core import naming
from jaxnn.explore import Exploration
from tests.explore.models import DIGITS, IMAGES, LINE_X, LINE_Y, Subclassed, X, Y, classifier, images, line, two_inputs

pytest.importorskip("matplotlib")

ON_CLASSIFIER = {
    "activations": lambda m: explore.activations(m, X),
    "activations anew": lambda m: explore.activations(m, X, ["he_normal", "zeros"]),
    "gradients": lambda m: explore.gradients(m, X, Y, epochs=1),
    "boundary": lambda m: explore.boundary(m, X, Y, resolution=10),
    "landscape": lambda m: explore.landscape(m, X, Y, epochs=2, resolution=4),
    "compare": lambda m: explore.compare({"one": m}, X, Y, seeds=2, epochs=2),
    "confusion": lambda m: explore.confusion(m, X, Y),
    "mistakes": lambda m: explore.mistakes(m, X, Y),
    "weights": explore.weights,
    "filters": explore.filters,
    "saliency": lambda m: explore.saliency(m, X, smooth=2),
    "embedding": lambda m: explore.embedding(m, X, Y),
    "per_example_gradients": lambda m: explore.per_example_gradients(m, X, Y),
    "lr_find": lambda m: explore.lr_find(m, X, Y, steps=10),
    "calibration": lambda m: explore.calibration(m, X, Y),
    "draw": explore.draw,
}
ON_IMAGES = {
    "filters": explore.filters,
    "saliency": lambda m: explore.saliency(m, IMAGES),
    "mistakes": lambda m: explore.mistakes(m, IMAGES, DIGITS, names=["a", "b", "c"]),
    "confusion": lambda m: explore.confusion(m, IMAGES, DIGITS, names=["a", "b", "c"]),
}


@pytest.mark.parametrize("name", ON_CLASSIFIER)
def test_a_model_is_the_same_after_it_was_looked_into(name):
    model = classifier()
    model.fit(X, Y, epochs=1, verbose=0)
    before = [v.numpy() for v in (*model.variables, *model.optimizer.variables, *model.metrics_variables)]
    streams = random.getstate(), np.random.get_state()[1].copy(), dict(naming._counters)
    programs, attributes = model._model_programs, set(vars(model))

    seen = ON_CLASSIFIER[name](model)

    for old, v in zip(before, (*model.variables, *model.optimizer.variables, *model.metrics_variables), strict=True):
        np.testing.assert_array_equal(old, v.numpy())
    assert random.getstate() == streams[0]
    np.testing.assert_array_equal(np.random.get_state()[1], streams[1])
    assert dict(naming._counters) == streams[2]
    assert model._model_programs is programs
    assert set(vars(model)) == attributes
    assert seen.finding.endswith(".")
    assert "nan" not in seen.finding
    assert seen.figure is seen.figure
    assert seen._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ON_IMAGES)
def test_images_are_shown_as_images(name):
    seen = ON_IMAGES[name](images())
    assert seen.finding.endswith(".")
    assert seen._repr_png_().startswith(b"\x89PNG")


def test_a_model_that_is_not_built_stays_so():
    model = Subclassed()
    model.compile("sgd", "mse")
    for look in (explore.gradients, explore.landscape):
        kwargs = {"resolution": 3} if look is explore.landscape else {}
        assert look(model, X, Y, **kwargs).finding
    assert explore.activations(model, X).data["layers"] == [layer.name for layer in model.layers]
    assert not model.built


def test_several_inputs_work_where_they_can_and_are_refused_where_not():
    model = two_inputs()
    x, y = [X, np.ones((96, 3), "float32")], Y[:, None]
    assert explore.activations(model, x).data["mean"].shape == (1, 3)
    assert explore.gradients(model, x, y).data["size"].shape == (1, 2)
    assert explore.compare({"one": model}, x, y, seeds=2, epochs=1).data["final"].shape == (1, 2)
    assert len(explore.per_example_gradients(model, x, y).data["norm"]) == 96
    for look in (explore.boundary, explore.saliency, explore.embedding):
        with pytest.raises(ValueError, match=r"works on models with one input; 'functional.*' has 2. Make a Model"):
            look(model, x)


def test_what_is_no_model_or_not_compiled_is_told():
    with pytest.raises(TypeError, match=r"explore.weights: a Model was expected; got 3"):
        explore.weights(3)
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"explore.gradients needs a loss. Call model.compile\(optimizer=…, loss=…\)"):
        explore.gradients(model, X, Y)
    with pytest.raises(ValueError, match="as many rows"):
        explore.gradients(classifier(), X, Y[:-1])
    with pytest.raises(ValueError, match="there are no rows"):
        explore.activations(classifier(), X[:0])
    with pytest.raises(ValueError, match=r"isn't built. Give it an Input"):
        explore.weights(keras.Sequential([layers.Dense(1)]))


def test_an_exploration_shows_and_saves_itself(tmp_path):
    seen = explore.landscape(line(), LINE_X, LINE_Y, resolution=5)
    for ending in ("png", "svg", "pdf"):
        seen.save(tmp_path / f"figure.{ending}")
        assert (tmp_path / f"figure.{ending}").stat().st_size > 1000
    page = seen._repr_html_()
    assert "data:image/png;base64," in page
    assert seen.finding.split(",")[0] in page
    assert repr(seen) == seen.finding
    with pytest.raises(ValueError, match=r"this figure doesn't move, so it can't be '.*a.gif'. Save a .png"):
        seen.save(tmp_path / "a.gif")


def test_a_notebook_stores_the_figure_once_and_the_finding_as_text(monkeypatch, capsys):
    notebook = pytest.importorskip("IPython.display")
    shown = []
    monkeypatch.setattr(notebook, "display", lambda data, raw: shown.append(data))
    seen = explore.landscape(line(), LINE_X, LINE_Y, resolution=5)
    seen._ipython_display_()
    (data,) = shown
    assert set(data) == {"image/png", "text/plain"}
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert capsys.readouterr().out.strip() == seen.finding
    seen.show(finding=False)
    assert len(shown) == 2
    assert not capsys.readouterr().out


def test_without_ipython_show_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(ImportError, match=r"IPython is missing: pip install jaxnn\[notebooks\], or save the figure"):
        explore.weights(line()).show()


def test_a_notebooks_figure_has_the_looks_of_the_saved_one_in_half_its_bytes(tmp_path):
    image = pytest.importorskip("PIL.Image")
    seen = explore.landscape(line(), LINE_X, LINE_Y, resolution=31)
    for _ in range(2):  # the layout settles with the second drawing
        seen.save(tmp_path / "figure.png", dpi=100)
    few, all_ = (image.open(p).convert("RGB") for p in (io.BytesIO(seen._repr_png_()), tmp_path / "figure.png"))
    assert len(seen._repr_png_()) < (tmp_path / "figure.png").stat().st_size / 2
    apart = np.abs(np.asarray(few, int) - np.asarray(all_, int))
    assert apart.max() < 10  # of 255 shades: not to be seen
    with pytest.importorskip("matplotlib").rc_context({"figure.dpi": 50}):
        small = image.open(io.BytesIO(seen._repr_png_()))
    assert small.size == (few.size[0] // 2, few.size[1] // 2)


def test_paths_are_saved_as_an_animation(tmp_path):
    image, sequence = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageSequence")
    seen = explore.trajectories("ravine", {"plain": optimizers.SGD(0.01)}, steps=50)
    seen.save(tmp_path / "paths.gif")
    seen.save(tmp_path / "still.png", dpi=100)
    with image.open(tmp_path / "paths.gif") as film:
        shown = [np.asarray(picture.convert("RGB"), int) for picture in sequence.Iterator(film)]
    assert len(shown) == 51  # a step each
    changed = [(np.abs(shown[0] - picture) > 20).any(axis=-1).sum() for picture in shown]
    assert 0 == changed[0] < changed[25] < changed[50] < 0.1 * shown[0][..., 0].size  # only the path grows
    # what stands still is stored once
    assert (tmp_path / "paths.gif").stat().st_size < 3 * (tmp_path / "still.png").stat().st_size


def test_numbers_need_no_matplotlib():
    code = """
import sys
sys.modules["matplotlib"] = None
import numpy as np
import jaxnn as keras
from jaxnn import explore
model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
seen = explore.weights(model)
try:
    seen.figure
except ImportError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (
        run.stdout.strip() == "explore.weights draws with matplotlib, which is missing: pip install jaxnn[notebooks]."
    )


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(explore.__path__)])
def test_examples_run(name):
    module = importlib.import_module(f"jaxnn.explore.{name}")
    names = {"np": np, "jax": jax, "jnp": jnp, "layers": layers, "optimizers": optimizers, "Exploration": Exploration,
             "initializers": keras.initializers, "Sequential": keras.Sequential, "Input": keras.Input}  # fmt: skip
    for key, value in vars(module).items():
        names.setdefault(key, value)
    runner = doctest.DocTestRunner()
    for example in doctest.DocTestFinder().find(module, globs=names):
        runner.run(example)
    assert runner.failures == 0
