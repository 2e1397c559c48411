"""SKLearnClassifier: a model as scikit-learn's classifier."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core.registry import export
from jaxnn.wrappers.estimator import Estimator, TargetReshaper, check_target_type
from jaxnn.wrappers.scikit_learn import ClassifierMixin, OneHotEncoder, make_pipeline


@export("wrappers")
class SKLearnClassifier(ClassifierMixin, Estimator):
    """A model as a classifier: it learns one-hot labels, and predicts the classes' own names.

    Args:
        model: a compiled Model, or a function `(X, y, **model_kwargs)` that gives one. `y` is one-hot, of shape
            (samples, classes). `fit` trains a clone of a Model, with new weights.
        warm_start: whether a further `fit` goes on from the weights of the last one. A given Model is then trained itself.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of the model's `fit`; those given to this `fit` win.

    Attributes:
        model_: the trained model.
        history_: the History of the last `fit`.
        classes_: the labels, sorted.

    Example:
        >>> def network(X, y, units):
        ...     model = Sequential([Input(X.shape[1:]), Dense(units, "relu"), Dense(y.shape[1], "softmax")])
        ...     model.compile("adam", "categorical_crossentropy")
        ...     return model
        >>> classifier = SKLearnClassifier(network, model_kwargs={"units": 16}, fit_kwargs={"epochs": 5})
        >>> cross_val_score(classifier, X, y)

    Source: https://keras.io/api/utils/sklearn_wrappers/. In Keras 3.15 `warm_start` does nothing, and scikit-learn's
        `clone` loses `fit_kwargs`; here both are what the arguments say.
    """

    _multi_output = False

    def decision_function(self, X: Any) -> np.ndarray:
        """The model's outputs: probabilities or logits, of shape (samples, classes)."""
        return self._outputs(X)

    def _process_target(self, y: np.ndarray, reset: bool = False) -> np.ndarray:
        """The targets one-hot."""
        kind = check_target_type(y)
        if kind not in ("binary", "multiclass"):
            raise ValueError(f"Only binary and multiclass target types are supported. Target type: {kind}")
        if reset:
            self._target_encoder = make_pipeline(TargetReshaper(), OneHotEncoder(sparse_output=False)).fit(y)
            self.classes_ = np.unique(y)
            if len(self.classes_) == 1:
                raise ValueError("Classifier can't train when only one class is present.")
        return self._target_encoder.transform(y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # a few epochs on a few samples
        return tags

    def _more_tags(self) -> dict[str, Any]:
        return {**super()._more_tags(), "poor_score": True}  # scikit-learn < 1.6
