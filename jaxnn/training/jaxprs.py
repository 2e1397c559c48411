"""Traced computations, looked at: every equation in them, and the computations inside equations.

`jax.extend.core` has the classes, but importing it loads Pallas, too; so jaxprs are known by what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def equations(jaxpr: Any) -> Iterator[Any]:
    """Every equation, those of inner computations (scans, conditions, inner jits) too."""
    for eqn in jaxpr.eqns:
        yield eqn
        for inner in inner_jaxprs(eqn):
            yield from equations(inner)


def inner_jaxprs(eqn: Any) -> Iterator[Any]:
    """The jaxprs in an equation's parameters, by what they are: parameters' names change between versions of JAX."""
    for value in eqn.params.values():
        yield from _inner(value)


def _inner(value: Any) -> Iterator[Any]:
    if is_closed(value):
        yield value.jaxpr
    elif is_jaxpr(value):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _inner(item)


def is_closed(value: Any) -> bool:
    """Whether this is a jaxpr with its constants."""
    return hasattr(value, "jaxpr") and hasattr(value, "consts")


def is_jaxpr(value: Any) -> bool:
    """Whether this is a jaxpr without its constants."""
    return hasattr(value, "eqns") and not is_closed(value)
