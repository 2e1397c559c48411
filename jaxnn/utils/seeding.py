"""set_random_seed: the same numbers in every run."""

from __future__ import annotations

import random

import numpy as np

from jaxnn.core import registry
from jaxnn.core.seed import reset_global_seed_generator


@registry.export("utils")
def set_random_seed(seed: int) -> None:
    """Makes what follows repeatable: weights, dropout, shuffles; the same numbers as Keras 3 on JAX.

    Sets Python's `random` (which the seeds of initialisers and layers come from) and NumPy's global stream (which shuffles),
    and starts the stream behind unseeded `keras.random` calls anew.

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
