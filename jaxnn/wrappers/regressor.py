"""SKLearnRegressor: a model as scikit-learn's regressor."""

from __future__ import annotations

from typing import Any

from jaxnn.core.registry import export
from jaxnn.wrappers.estimator import Estimator
from jaxnn.wrappers.scikit_learn import RegressorMixin


@export("wrappers")
class SKLearnRegressor(RegressorMixin, Estimator):
    """A model as a regressor.

    Args:
        model: a compiled Model, or a function `(X, y, **model_kwargs)` that gives one. `y` has shape (samples, outputs).
            `fit` trains a clone of a Model, with new weights.
        warm_start: whether a further `fit` goes on from the weights of the last one. A given Model is then trained itself.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of the model's `fit`; those given to this `fit` win.

    Attributes:
        model_: the trained model.
        history_: the History of the last `fit`.

    Example:
        >>> def network(X, y, units):
        ...     model = Sequential([Input(X.shape[1:]), Dense(units, "relu"), Dense(y.shape[1])])
        ...     model.compile("adam", "mse")
        ...     return model
        >>> pipeline = make_pipeline(StandardScaler(), SKLearnRegressor(network, model_kwargs={"units": 16}))
        >>> pipeline.fit(X, y).predict(X)

    Source: https://keras.io/api/utils/sklearn_wrappers/
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # a few epochs on a few samples
        return tags

    def _more_tags(self) -> dict[str, Any]:
        return {**super()._more_tags(), "poor_score": True}  # scikit-learn < 1.6
