"""Config: a dictionary of settings that can be frozen."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from typing import Any

from jaxnn.core import check, registry


@registry.export("utils")
class Config(MutableMapping):
    """Named values, as attributes and as entries: `config.rate`, `config["rate"]`.

    A frozen config refuses changes until it is unfrozen. Iteration goes through the sorted names, as in Keras.

    Args:
        **kwargs: the first values.

    Raises:
        ValueError: at a change while it is frozen.
        AttributeError: for a name that it doesn't have.

    Example:
        >>> config = Config(learning_rate=0.1)
        >>> config.seed = 42
        >>> config.freeze()
        >>> config.to_json()
        '{"learning_rate": 0.1, "seed": 42}'

    Source: https://keras.io/api/utils/ (`keras.utils.Config`)
    """

    def __init__(self, **kwargs: Any):
        object.__setattr__(self, "_config", kwargs)
        object.__setattr__(self, "_frozen", False)

    @property
    def frozen(self) -> bool:
        """Whether changes are refused."""
        return self._frozen

    def freeze(self) -> None:
        """Refuses changes from here on."""
        object.__setattr__(self, "_frozen", True)

    def unfreeze(self) -> None:
        """Allows changes again."""
        object.__setattr__(self, "_frozen", False)

    def as_dict(self) -> dict[str, Any]:
        """A plain dictionary; the values themselves aren't copied."""
        return dict(self._config)

    def to_json(self) -> str:
        """The values as JSON."""
        return json.dumps(self._config)

    def keys(self):
        """The names, in the order in which they were set."""
        return self._config.keys()

    def values(self):
        """The values, in the same order."""
        return self._config.values()

    def items(self):
        """Pairs of both, in the same order."""
        return self._config.items()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_config":  # asked by `copy` and `pickle` before there is one
            raise AttributeError(name)
        if name in self._config:
            return self._config[name]
        raise AttributeError(f"Config: Unknown attribute: '{name}'.{check.nearest(name, self._config)}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("_config", "_frozen"):  # what `copy` and `pickle` restore
            object.__setattr__(self, name, value)
        elif hasattr(type(self), name):
            raise AttributeError(f"Config: '{name}' is a method's name. Set it as an entry: config['{name}'] = ...")
        else:
            self[name] = value

    def __getitem__(self, name: str) -> Any:
        return self._config[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._raise_if_frozen(name)
        self._config[name] = value

    def __delitem__(self, name: str) -> None:
        self._raise_if_frozen(name)
        del self._config[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"

    def _raise_if_frozen(self, name: str) -> None:
        if self._frozen:
            raise ValueError(
                f"Config: Cannot mutate attribute '{name}' because the config is frozen. Call unfreeze() first."
            )
