"""DataLayer: a layer of one array that serves as well outside of models, on what comes from files."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core.graph import any_symbolic
from jaxnn.core.layer import Layer


class DataLayer(Layer):
    """A layer that takes plain numbers and nested lists of them as arrays.

    So it maps datasets (`dataset.map(layer)`) and serves in a notebook as it does inside a model's compiled step.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._allow_non_tensor_positional_args = True

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(inputs, list | tuple | int | float) and not any_symbolic(inputs):
            inputs = np.asarray(inputs)
        return super().__call__(inputs, *args, **kwargs)
