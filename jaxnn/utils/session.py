"""clear_session: as in a fresh interpreter."""

from __future__ import annotations

import gc

from jaxnn.core import naming, registry
from jaxnn.core.seed import reset_global_seed_generator


@registry.export("utils")
def clear_session(free_memory: bool = True) -> None:
    """Automatic names start anew (`dense`, `dense_1`), and so does the stream behind unseeded `keras.random` calls.

    Models live on: they hold their own state. Seeds that were set by `set_random_seed` are not touched.

    Args:
        free_memory: also collects garbage, so that models that nobody refers to leave the memory now.

    Example: `clear_session(); keras.layers.Dense(3).name` gives `'dense'`, however many there were before.

    Source: https://keras.io/api/utils/config_utils/#clear_session-function
    """
    naming.reset()
    reset_global_seed_generator()
    if free_memory:
        gc.collect()
