"""Models as scikit-learn's estimators: its own checks, its searches and pipelines, and copies that stay equal."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import make_blobs, make_regression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import jaxnn as keras
from jaxnn.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer

QUIET = {"verbose": 0}


def network(X, y, loss="mse", activation=None, units=10, rate=0.01):
    """A net for whatever X and y are, with the same initial weights each time."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(X.shape[1:]),
            keras.layers.Dense(units, "relu"),
            keras.layers.Dense(y.shape[1], activation=activation),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), loss)
    return model


def classifier(**kwargs):
    return SKLearnClassifier(
        network, model_kwargs={"loss": "categorical_crossentropy", "activation": "softmax", **kwargs}, fit_kwargs=QUIET
    )


EXPECTED_FAILED = {  # a part of Keras's own list, for the same reasons
    "check_classifiers_classes": "decision_function gives two columns for two classes",
    "check_classifiers_train": "decision_function gives two columns for two classes",
    "check_classifiers_one_label_sample_weights": "samples of weight 0 count in batches",
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning", "ignore::DeprecationWarning")
@pytest.mark.filterwarnings(r"ignore:fit.*\[J112\]$:UserWarning")  # scikit-learn's own data is large
@pytest.mark.parametrize(
    "cls", [pytest.param(SKLearnClassifier, marks=pytest.mark.slow), SKLearnRegressor, SKLearnTransformer]
)
def test_scikit_learns_own_checks_pass(cls):
    made = classifier() if cls is SKLearnClassifier else cls(network, fit_kwargs=QUIET)
    expected = EXPECTED_FAILED if cls is SKLearnClassifier else {}
    results = check_estimator(made, expected_failed_checks=expected, on_fail=None)
    assert [(r["check_name"], r["exception"]) for r in results if r["status"] == "failed"] == []
    assert sum(r["status"] == "passed" for r in results) > 35


def blobs(classes=3):
    return make_blobs(90, n_features=4, centers=classes, cluster_std=0.5, random_state=0)


def test_a_classifier_predicts_the_classes_own_names_and_scores():
    x, labels = blobs()
    names = np.array(["ant", "bee", "cat"])[labels]
    fitted = classifier().fit(x, names, epochs=30)
    assert list(fitted.classes_) == ["ant", "bee", "cat"]
    assert fitted.score(x, names) > 0.95
    assert fitted.epoch_ == 30
    np.testing.assert_array_equal(
        fitted.decision_function(x).argmax(-1), np.searchsorted(fitted.classes_, fitted.predict(x))
    )


def test_cross_validation_search_and_pipelines_work_and_keep_the_arguments_of_fit():
    x, y = blobs()
    made = clone(classifier(rate=0.05)).set_params(fit_kwargs={"epochs": 15, **QUIET})
    pipeline = make_pipeline(StandardScaler(), made)
    assert cross_val_score(pipeline, x, y, cv=3).mean() > 0.9  # clones that lost `epochs` would not learn it
    options = [dict(made.model_kwargs, units=units) for units in (4, 8)]
    search = GridSearchCV(pipeline, {"sklearnclassifier__model_kwargs": options}, cv=2).fit(x, y)
    assert search.best_score_ > 0.8
    assert search.best_params_["sklearnclassifier__model_kwargs"] in options


def test_a_regressor_gives_targets_of_the_shape_it_was_given():
    x, y = make_regression(60, 4, random_state=0)
    y = y / y.std()
    fitted = SKLearnRegressor(network, model_kwargs={"rate": 0.05}, fit_kwargs={"epochs": 60, **QUIET}).fit(x, y)
    assert fitted.predict(x).shape == (60,)
    assert fitted.score(x, y) > 0.8
    assert SKLearnRegressor(network, fit_kwargs=QUIET).fit(x, np.stack([y, y], 1)).predict(x).shape == (60, 2)


def test_a_transformer_is_a_step_of_a_pipeline():
    x, y = blobs(2)
    pipeline = make_pipeline(SKLearnTransformer(network, fit_kwargs=QUIET), LogisticRegression())
    assert pipeline.fit(x, y).predict(x).shape == (90,)
    assert pipeline[0].transform(x).shape == (90, 1)


def test_a_model_is_cloned_unless_the_start_is_warm():
    x, y = make_regression(32, 4, random_state=0)
    model = network(x, y[:, None])
    before = model.get_weights()
    cold = SKLearnRegressor(model, fit_kwargs=QUIET).fit(x, y)
    assert cold.model_ is not model
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    warm = SKLearnRegressor(model, warm_start=True, fit_kwargs=QUIET).fit(x, y)
    assert warm.model_ is model
    assert warm.fit(x, y).model_.optimizer.iterations.numpy() == 2


def test_arguments_of_fit_are_not_changed():
    x, y = make_regression(32, 4, random_state=0)
    given = {"epochs": 1, **QUIET}
    SKLearnRegressor(network, fit_kwargs=given).fit(x, y, epochs=2)
    assert given == {"epochs": 1, **QUIET}


def test_a_fitted_estimator_pickles_copies_and_goes_on_alike():
    x, y = make_regression(32, 4, random_state=0)
    fitted = SKLearnRegressor(network, fit_kwargs={"epochs": 2, **QUIET}).fit(x, y)
    for twin in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(twin.predict(x), fitted.predict(x))
    twins = [copy.deepcopy(fitted).set_params(warm_start=True) for _ in range(2)]
    losses = [twin.fit(x, y, shuffle=False).history_.history["loss"] for twin in twins]
    assert losses[0] == losses[1]  # optimiser state included


def test_metadata_is_routed_to_fit():
    x, y = make_regression(32, 4, random_state=0)
    with pytest.raises(RuntimeError, match="enable_metadata_routing=True"):
        SKLearnRegressor(network).set_fit_request(sample_weight=True)
    with sklearn.config_context(enable_metadata_routing=True):
        made = SKLearnRegressor(network, fit_kwargs=QUIET).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(made).fit(x, y, sample_weight=np.zeros(32))
    assert pipeline[0].history_.history["loss"] == [0.0]


def test_bad_models_and_targets_are_told():
    x, y = blobs(2)
    bare = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(RuntimeError, match=r"needs to be compiled.*call model\.compile"):
        SKLearnClassifier(bare).fit(x, y)
    with pytest.raises(ValueError, match="Only binary and multiclass target types are supported"):
        classifier().fit(x, y + 0.5)
    with pytest.raises(ValueError, match="only one class is present"):
        classifier().fit(x, np.zeros(90))


def test_without_scikit_learn_the_name_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import jaxnn; jaxnn.wrappers.SKLearnRegressor"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError: jaxnn.wrappers requires `scikit-learn`" in run.stderr
    assert "pip install scikit-learn" in run.stderr
