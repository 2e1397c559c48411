"""What the wrappers use of scikit-learn, and what to do where it isn't installed."""

from typing import Any

try:
    import sklearn
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder
    from sklearn.utils.metadata_routing import MetadataRequest
    from sklearn.utils.multiclass import type_of_target
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError(
        "jaxnn.wrappers requires `scikit-learn` to be installed. Run `pip install scikit-learn` to install it."
    ) from error

__all__ = [
    "BaseEstimator",
    "ClassifierMixin",
    "MetadataRequest",
    "OneHotEncoder",
    "RegressorMixin",
    "TransformerMixin",
    "check_is_fitted",
    "make_pipeline",
    "routing_enabled",
    "type_of_target",
    "validated",
]


def validated(estimator: Any, *args: Any, **kwargs: Any) -> Any:
    """scikit-learn's check of X and y, which notes `n_features_in_`: a function, and a method before 1.6."""
    try:
        from sklearn.utils.validation import validate_data
    except ImportError:
        return estimator._validate_data(*args, **kwargs)
    return validate_data(estimator, *args, **kwargs)


def routing_enabled() -> bool:
    """Whether scikit-learn routes metadata such as `sample_weight`."""
    return sklearn.get_config().get("enable_metadata_routing", False)
