"""Discretization: numbers by the interval that they fall into."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core import check
from jaxnn.core import config as settings
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.preprocessing import quantiles
from jaxnn.layers.preprocessing.adapting import as_numpy, batches_of, is_array
from jaxnn.layers.preprocessing.data_layer import DataLayer
from jaxnn.layers.preprocessing.encoding import check_mode, encode, encoded_shape


@export("layers")
class Discretization(DataLayer):
    """The number of the interval of each input: i where `boundaries[i - 1] <= x < boundaries[i]`.

    Intervals are given, or found by `adapt` so that each has about as many numbers as the others. Below the first and
    above the last boundary they have no end.

    Args:
        bin_boundaries: between the intervals, ascending; n of them make n + 1 intervals.
        num_bins: how many intervals `adapt` looks for, instead.
        epsilon: how exactly, between 0 and 1: the share of the data that a boundary may be off by. A smaller one keeps
            more numbers.
        output_mode: "int", "one_hot", "multi_hot" or "count", as in `CategoryEncoding`.
        sparse: sparse rows (BCOO), in the last three modes.
        dtype: of the rows.
        name: of the layer.

    Shape:
        "int": that of the inputs, int32. Otherwise as in `CategoryEncoding`, a place for each interval.

    Raises:
        ValueError: unless one of boundaries and number of intervals is given; for an unknown mode; when called before the
            boundaries are known.

    Example:
        >>> Discretization([0.0, 1.0, 2.0])(np.array([-1.5, 1.0, 3.4, 0.5])).tolist()
        [0, 2, 3, 1]
        >>> layer = Discretization(num_bins=4)
        >>> layer.adapt(np.arange(100.0))
        >>> np.round(layer.bin_boundaries, 3).tolist()
        [24.0, 49.0, 74.0]

    Source: https://keras.io/api/layers/preprocessing_layers/numerical/discretization/
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.output_mode = check_mode(self, output_mode)
        if sparse and output_mode == "int":
            raise ValueError(
                f"{check.name_of(self)}: `sparse=True` may only be used if `output_mode` is 'one_hot', 'multi_hot', or "
                f"'count'. Received: sparse={sparse} and output_mode={output_mode}"
            )
        if num_bins is not None and num_bins < 0:
            raise ValueError(
                f"{check.name_of(self)}: `num_bins` must be greater than or equal to 0. Received: `num_bins={num_bins}`"
            )
        if num_bins is not None and bin_boundaries is not None:
            raise ValueError(
                f"{check.name_of(self)}: Both `num_bins` and `bin_boundaries` should not be set. Received: "
                f"`num_bins={num_bins}` and `bin_boundaries={bin_boundaries}`"
            )
        if num_bins is None and bin_boundaries is None:
            raise ValueError(f"{check.name_of(self)}: You need to set either `num_bins` or `bin_boundaries`.")
        self.bin_boundaries, self.num_bins, self.epsilon, self.sparse = bin_boundaries, num_bins, epsilon, sparse
        self.summary = None if bin_boundaries is not None else quantiles.EMPTY
        self._build_at_init()

    @property
    def input_dtype(self) -> str:
        """`floatx()`: numbers near a boundary aren't rounded over it."""
        return settings.floatx()

    @property
    def output_dtype(self) -> str:
        """int32 of interval numbers, the compute dtype of rows."""
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds the boundaries from data, forgetting those found before.

        Args:
            data: an array, or an iterable of batches: a Dataset, a generator, a list of arrays.
            steps: how many batches are read; None is all.

        Raises:
            ValueError: if the boundaries were given.
        """
        if self.num_bins is None:
            raise ValueError(
                f"{check.name_of(self)}: Cannot adapt a Discretization layer that has been initialized with "
                "`bin_boundaries`, use `num_bins` instead."
            )
        self.reset_state()
        for batch in (data,) if is_array(data) else batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets what `update_state` has seen."""
        if self.num_bins is not None:
            self.summary = quantiles.EMPTY

    def update_state(self, data: Any) -> None:
        """Takes up an array of any shape."""
        seen = quantiles.summarize(as_numpy(data).astype("float32"), self.epsilon)
        self.summary = quantiles.merge(seen, self.summary, self.epsilon)

    def finalize_state(self) -> None:
        """Sets the boundaries from what `update_state` has seen."""
        if self.num_bins is not None:
            self.bin_boundaries = quantiles.boundaries(self.summary, self.num_bins)

    def call(self, inputs: Array) -> Any:
        """The numbers of the intervals, or rows."""
        if self.bin_boundaries is None:
            raise ValueError(
                f"{check.name_of(self)}: You need to either pass the `bin_boundaries` argument at construction time or "
                "call `adapt(dataset)` before you can start using the `Discretization` layer."
            )
        bins = np.asarray(self.bin_boundaries, settings.floatx())
        depth, mode = len(bins) + 1, self.output_mode
        return encode(jnp.digitize(inputs, bins), mode, depth, self.output_dtype, self.sparse)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The inputs' shape, or that of rows."""
        bounds = self.bin_boundaries
        return encoded_shape(input_shape, self.output_mode, self.num_bins if bounds is None else len(bounds) + 1)

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """Shape and dtype of the output."""
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.output_dtype, sparse=self.sparse)

    def load_own_variables(self, store: Any) -> None:
        """The boundaries are part of the config; what older files have is a summary."""
        if len(store) == 1:
            self.summary = store["0"]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with the boundaries that `adapt` has found."""
        names = ("bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse", "name", "dtype")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Discretization:
        """The layer of a config, which may have both a number of intervals and the boundaries found."""
        if config.get("bin_boundaries") is None or config.get("num_bins") is None:
            return cls(**config)
        layer = cls(**{**config, "bin_boundaries": None})
        layer.bin_boundaries = config["bin_boundaries"]
        return layer
