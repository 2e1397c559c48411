"""set_random_seed: the same numbers in every run."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from jaxnn.core import registry
from jaxnn.core.seed import reset_global_seed_generator


@registry.export("utils")
def set_random_seed(seed: int) -> None:
    """Makes what follows repeatable: weights, dropout, shuffles; the same numbers as Keras 3 on JAX.

    Sets Python's `random` (which the seeds of initialisers and layers come from) and NumPy's global stream (which shuffles),
    and starts the stream behind unseeded `keras.random` calls and the orders of datasets from folders anew.

    Args:
        seed: from 0 to 2**32 - 1.

    Raises:
        ValueError: for anything else.

    Example:
        >>> set_random_seed(42); random.randint(1, 100)
        82

    Source: https://keras.io/api/utils/python_utils/#set_random_seed-function
    """
    whole = isinstance(seed, int | np.integer)
    if not whole or not 0 <= seed < 2**32:
        raise ValueError(
            f"set_random_seed: expected `seed` argument to be an integer from 0 to 2**32 - 1; got seed={seed!r}"
            f"{'' if whole else f' (of type {type(seed).__name__})'}. Pass 42, say."
        )
    reset_global_seed_generator()
    random.seed(int(seed))
    np.random.seed(int(seed))
    _chosen["seed"] = int(seed)
    _chosen["operations"] = random.Random(int(seed))


_chosen: dict[str, Any] = {"seed": None, "operations": None}  # what datasets that shuffle as `tf.data` does start from


def random_seed() -> int | None:
    """The seed that `set_random_seed` got last, or None."""
    return _chosen["seed"]


def next_operation_seed() -> int:
    """The next seed for what has none of its own, in TensorFlow's order. Needs a `set_random_seed` before."""
    return _chosen["operations"].randint(0, 2**31 - 1)
