"""`device`: which device arrays are made and computed on."""

from __future__ import annotations

from contextlib import AbstractContextManager

import jax


def device(device_name: str | jax.Device) -> AbstractContextManager:
    """A block whose new arrays are on the given device, and so what is computed from them.

    Args:
        device_name: 'cpu:0', 'gpu:1', ... (without a number, the first of its kind), or a `jax.Device`.

    Raises:
        ValueError: for a name that no device has; the message lists those there are.

    Example:
        >>> with device("cpu:0"):
        ...     x = jnp.ones(3)
        >>> x.device.platform
        'cpu'

    Source: `keras.device`.
    """
    return jax.default_device(_named(device_name) if isinstance(device_name, str) else _checked(device_name))


def _named(name: str) -> jax.Device:
    kind, _, number = name.lower().partition(":")
    try:
        return next(d for d in jax.devices("gpu" if kind == "cuda" else kind) if d.id == int(number or 0))
    except (RuntimeError, StopIteration, ValueError):
        raise ValueError(f"Device not found: {name}. There are: {', '.join(_known())}.") from None


def _checked(found: object) -> jax.Device:
    if not isinstance(found, jax.Device):
        raise ValueError(
            "Invalid value for argument `device_name`. Expected a string like 'gpu:0' or a `jax.Device` instance. "
            f"Received: device_name='{found}'"
        )
    return found


def _known() -> list[str]:
    devices = {*jax.devices(), *jax.devices("cpu")}
    return sorted(f"{d.platform}:{d.id}" for d in devices)
