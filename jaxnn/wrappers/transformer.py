"""SKLearnTransformer: a model as a step of scikit-learn's pipelines."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core.registry import export
from jaxnn.wrappers.estimator import Estimator
from jaxnn.wrappers.scikit_learn import TransformerMixin


@export("wrappers")
class SKLearnTransformer(TransformerMixin, Estimator):
    """A model whose outputs are features for the next step. It has nothing to do with attention.

    Args:
        model: a compiled Model, or a function `(X, y, **model_kwargs)` that gives one. `fit` trains a clone of a Model,
            with new weights.
        warm_start: whether a further `fit` goes on from the weights of the last one. A given Model is then trained itself.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of the model's `fit`; those given to this `fit` win.

    Attributes:
        model_: the trained model.
        history_: the History of the last `fit`.

    Example:
        >>> features = SKLearnTransformer(network).fit(X, y)
        >>> pipeline = make_pipeline(FrozenEstimator(features), HistGradientBoostingClassifier())
        >>> pipeline.fit(X, y)

    Source: https://keras.io/api/utils/sklearn_wrappers/
    """

    def transform(self, X: Any) -> np.ndarray:
        """The model's outputs. Shape: (samples, features) → (samples, outputs)."""
        return self._outputs(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _more_tags(self) -> dict[str, Any]:
        return {**super()._more_tags(), "preserves_dtype": []}  # scikit-learn < 1.6
