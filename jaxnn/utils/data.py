"""The tuple of data that a `train_step` gets: `x`, `(x, y)` or `(x, y, sample_weight)`."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry


@registry.export("utils")
def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """`x, y, sample_weight` of a batch; what it lacks is None.

    Args:
        data: `x`, or a tuple or list of one to three of them.

    Raises:
        ValueError: for a longer one.

    Example:
        >>> unpack_x_y_sample_weight(("x", "y"))
        ('x', 'y', None)

    Source: https://keras.io/api/utils/ (`keras.utils.unpack_x_y_sample_weight`)
    """
    if not isinstance(data, tuple | list):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            "unpack_x_y_sample_weight: data is expected to be `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`; "
            f"got {len(data)} parts. Put several inputs together: ((x1, x2, ...), y)."
        )
    return (*data, None, None)[:3]


@registry.export("utils")
def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The shortest form of a batch that `unpack_x_y_sample_weight` understands.

    Returns:
        `x` itself if it is alone and neither tuple nor list, else `(x,)`, `(x, y)` or `(x, y, sample_weight)`. Without `y`
        the weights are dropped, as in Keras.

    Example:
        >>> pack_x_y_sample_weight("x", "y")
        ('x', 'y')

    Source: https://keras.io/api/utils/ (`keras.utils.pack_x_y_sample_weight`)
    """
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)
