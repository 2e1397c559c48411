"""What the three wrappers share: a model, or a function that makes one, with scikit-learn's `fit` and `predict`."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np

from jaxnn.models import Model, clone_model
from jaxnn.wrappers.scikit_learn import (
    BaseEstimator,
    MetadataRequest,
    TransformerMixin,
    check_is_fitted,
    routing_enabled,
    type_of_target,
    validated,
)


class Estimator(BaseEstimator):
    """The base of the wrappers.

    Args:
        model: a compiled Model, or a function `(X, y, **model_kwargs)` that gives one. `fit` trains a clone of a Model, with
            new weights.
        warm_start: whether a further `fit` goes on from the weights of the last one. A given Model is then trained itself.
        model_kwargs: further arguments of the function.
        fit_kwargs: arguments of the model's `fit`; those given to this `fit` win.

    Attributes:
        model_: the trained model.
        history_: the History of the last `fit`.
    """

    _multi_output = True  # whether targets may have several columns

    def __init__(
        self,
        model: Any,
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ):
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        """Trains a model.

        Args:
            X: the inputs, of shape (samples, features).
            y: the targets, of shape (samples,) or (samples, outputs).
            **kwargs: arguments of the model's `fit`, such as `epochs` and `sample_weight`.

        Raises:
            RuntimeError: for a model that isn't compiled.
        """
        X, y = validated(self, X, y, multi_output=self._multi_output)
        y = self._process_target(y, reset=True)
        model = self._model_for(X, y)
        if not (model.compiled and model.loss and model.optimizer):
            raise RuntimeError(
                "Given model needs to be compiled, and have a loss and an optimizer: call model.compile(optimizer=…, "
                "loss=…) first."
            )
        self.history_ = model.fit(X, y, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Predictions, in the form of the targets."""
        return self._reverse_process_target(self._outputs(X))

    def _outputs(self, X: Any) -> np.ndarray:
        """The model's own outputs."""
        check_is_fitted(self)
        return self.model_.predict(validated(self, X, reset=False))

    def _model_for(self, X: Any, y: Any) -> Model:
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if isinstance(self.model, Model):
            return self.model if self.warm_start else clone_model(self.model)
        return self.model(X=X, y=y, **(self.model_kwargs or {}))

    def _process_target(self, y: np.ndarray, reset: bool = False) -> np.ndarray:
        """The targets as the model takes them: columns."""
        check_target_type(y)
        if reset:
            self._target_encoder = TargetReshaper().fit(y)
        return self._target_encoder.transform(y)

    def _reverse_process_target(self, y: np.ndarray) -> np.ndarray:
        return self._target_encoder.inverse_transform(y)

    @property
    def epoch_(self) -> int:
        """The number of epochs trained in the last `fit`."""
        return len(self.history_.epoch) if hasattr(self, "history_") else 0

    def set_fit_request(self, **kwargs: bool | str | None) -> Self:
        """Says which metadata `fit` takes, in scikit-learn's metadata routing.

        Args:
            **kwargs: `sample_weight=True` and the like, or another name for it.

        Raises:
            RuntimeError: if routing is off.

        Source: https://scikit-learn.org/stable/metadata_routing.html
        """
        if not routing_enabled():
            raise RuntimeError(
                "This method is only available when metadata routing is enabled. You can enable it using "
                "sklearn.set_config(enable_metadata_routing=True)."
            )
        self._metadata_request = MetadataRequest(owner=type(self).__name__)
        for name, alias in kwargs.items():
            self._metadata_request.fit.add_request(param=name, alias=alias)
        return self

    def __sklearn_clone__(self) -> Self:
        """An unfitted estimator with the same arguments, for `sklearn.base.clone`; a Model is copied."""
        model = copy.deepcopy(self.model) if isinstance(self.model, Model) else self.model
        twin = type(self)(
            model=model, warm_start=self.warm_start, model_kwargs=self.model_kwargs, fit_kwargs=self.fit_kwargs
        )
        if hasattr(self, "_metadata_request"):
            twin._metadata_request = copy.deepcopy(self._metadata_request)
        return twin

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        tags.target_tags.multi_output = self._multi_output
        return tags

    def _more_tags(self) -> dict[str, Any]:
        return {"non_deterministic": True, "multioutput": self._multi_output}  # scikit-learn < 1.6


class TargetReshaper(TransformerMixin, BaseEstimator):
    """Makes targets of shape (samples,) columns, and columns of predictions such targets again."""

    def fit(self, y: np.ndarray) -> Self:
        """Notes the targets' number of axes, and their dtype."""
        self.ndim_, self.dtype_ = y.ndim, y.dtype
        return self

    def transform(self, y: np.ndarray) -> np.ndarray:
        """Shape: (samples,) → (samples, 1); others stay."""
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def inverse_transform(self, y: np.ndarray) -> np.ndarray:
        """Shape: (samples, 1) → (samples,), if the targets had one axis; else their float dtype, as scikit-learn asks."""
        check_is_fitted(self)
        if self.ndim_ == 1:
            return np.squeeze(y, axis=1) if y.ndim == 2 else y
        return y.astype(self.dtype_) if self.dtype_.kind == "f" else y


def check_target_type(y: np.ndarray) -> str:
    """The kind of targets, in scikit-learn's words; a ValueError where it knows none."""
    kind = type_of_target(y)
    if kind == "unknown":
        raise ValueError(f"Unknown label type for data: {y!r}")
    return kind
