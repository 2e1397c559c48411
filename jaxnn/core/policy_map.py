"""DTypePolicyMap: other dtypes for some of a model's layers, by their paths."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from jaxnn.core import dtypes
from jaxnn.core.dtypes import DTypePolicy
from jaxnn.core.registry import deserialize_keras_object, export, serialize_keras_object


@export("dtype_policies")
class DTypePolicyMap(DTypePolicy, MutableMapping):
    """Layers' paths, or patterns of them, to dtype policies; given to a layer as `dtype`.

    A path that is a key has that policy; else one whose pattern matches all of it ('encoder/.*': a key 'encoder' is for that
    layer alone); else the default. A layer looks its policy up when it has a path, that is once it is built.

    Args:
        default_policy: for what nothing else is said about. None is the global policy, whatever it is at the time.
        policy_map: a dictionary of policies.

    Raises:
        TypeError: for a map that is no dictionary.
        ValueError: for a default that is a map itself; for a key that is there already, or a value that is no policy; on
            look-up, for a path that several patterns match.

    Example:
        >>> policies = DTypePolicyMap("float32", {"encoder/.*": DTypePolicy("bfloat16")})
        >>> policies["encoder/dense"].name, policies["decoder/dense"].name
        ('bfloat16', 'float32')

    Source: `keras.dtype_policies.DTypePolicyMap`. As in Keras, the config of a map without a default leaves out which
        policies its keys have: loaded, they are the global one. Give a default to keep them.
    """

    def __init__(self, default_policy: Any = None, policy_map: dict[str, DTypePolicy] | None = None):
        if isinstance(default_policy, DTypePolicyMap):
            raise ValueError("`default_policy` cannot be a `DTypePolicyMap`. Give its own default.")
        if policy_map is not None and not isinstance(policy_map, dict):
            raise TypeError(
                "If specified, `policy_map` must be a dict. "
                f"Received: policy_map={policy_map} of type {type(policy_map)}"
            )
        self._default_policy = default_policy
        self._policy_map = policy_map or {}
        dtypes.get(default_policy)  # a bad one is told now

    @property
    def name(self) -> str:
        """'map_' and the default's name."""
        return f"map_{self.default_policy.name}"

    @property
    def default_policy(self) -> DTypePolicy:
        """For what nothing else is said about."""
        return dtypes.get(self._default_policy)

    @property
    def compute_dtype(self) -> str:
        """The default's."""
        return self.default_policy.compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The default's."""
        return self.default_policy.variable_dtype

    def of(self, path: str | None) -> DTypePolicy:
        """The policy of the layer with this path; the default while it has none."""
        return self[path] if path else self.default_policy

    def __getitem__(self, key: str) -> DTypePolicy:
        if key in self._policy_map:
            return self._policy_map[key]
        matching = [pattern for pattern in self._policy_map if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(
                f"Path '{key}' matches multiple dtype policy specification keys: {matching}. Please make sure each path "
                "only matches at most one dtype policy specification key in the DTypePolicyMap."
            )
        return self._policy_map[matching[0]] if matching else self.default_policy

    def __setitem__(self, key: str, policy: Any) -> None:
        if key in self._policy_map:
            raise ValueError(
                f"{key} already exist in the DTypePolicyMap with value {self._policy_map[key]}. Delete it first."
            )
        try:
            self._policy_map[key] = dtypes.get(policy)
        except (TypeError, ValueError):
            raise ValueError(
                "Cannot interpret the assigned value by `keras.dtype_policies.get`. "
                f"Received: {policy} of type {type(policy)}"
            ) from None

    def __delitem__(self, key: str) -> None:
        del self._policy_map[key]

    def __contains__(self, key: object) -> bool:
        return key in self._policy_map

    def __len__(self) -> int:
        return len(self._policy_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._policy_map)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal map; see Source on a default of None."""
        policies = serialize_keras_object(self._policy_map)
        if self._default_policy is None:
            policies = {key: {**config, "config": {"name": None}} for key, config in policies.items()}
        return {"default_policy": self._default_policy, "policy_map": policies}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> DTypePolicyMap:
        """The map of a config."""
        return cls(config["default_policy"], deserialize_keras_object(config["policy_map"], custom_objects))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DTypePolicyMap)
            and self.default_policy == other.default_policy
            and self._policy_map == other._policy_map
        )

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        mapping = [(key, policy.name) for key, policy in self._policy_map.items()]
        return f"<DTypePolicyMap default_policy={self.default_policy.name}, mapping={mapping}>"
