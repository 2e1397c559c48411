"""Dot-product attention.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp

from jaxnn.core.config import is_flash_attention_enabled
from jaxnn.core.dtypes import result_type
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.core.ways import ways
from jaxnn.ops.core import tensor


@op
def dot_product_attention(
    query: ArrayLike,
    key: ArrayLike,
    value: ArrayLike,
    bias: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Array:
    """softmax(scale Q Kᵀ + bias) V, head by head.

    Args:
        query: (batch, targets, heads, depth).
        key: (batch, sources, key heads, depth); fewer heads than the query's are shared by groups of them.
        value: shaped like the key.
        bias: added to the logits; broadcasts to (batch, heads, targets, sources).
        mask: booleans of that shape; False takes a source out.
        scale: None is 1 / √depth.
        is_causal: no target sees sources after its own place.
        flash_attention: whether to use cuDNN's fused kernel on a GPU instead of the one that XLA makes. None: where that is
            possible (16-bit floats, among other things), unless `config.disable_flash_attention` was called.
        attn_logits_soft_cap: must be None; Keras has it on TPUs only.

    Shape: → that of the query.

    Raises:
        ValueError: for arrays of another number of axes; for a soft cap.
        RuntimeError, ValueError, NotImplementedError: JAX's, for `flash_attention=True` where it is not possible.

    Source: arXiv:1706.03762, equation 1.
    """
    if attn_logits_soft_cap is not None:
        raise ValueError("attn_logits_soft_cap is only supported for JAX on TPU. Set attn_logits_soft_cap=None.")
    query, key, value = tensor(query), tensor(key), tensor(value)
    if not query.ndim == key.ndim == value.ndim == 4:
        raise ValueError(
            "`dot_product_attention` only supports 4D inputs. Received: "
            f"query.shape={query.shape}, key.shape={key.shape}, value.shape={value.shape}."
        )
    dtype = result_type(query.dtype, key.dtype, value.dtype)
    query, key, value = (x.astype(dtype) for x in (query, key, value))
    bias, mask = None if bias is None else tensor(bias).astype(dtype), None if mask is None else tensor(mask)
    if not flash_attention and _heads_together(query, key, value, bias, mask):
        return _attend(query, key, value, bias, mask, scale, is_causal)
    attention = functools.partial(
        jax.nn.dot_product_attention, query, key, value, bias=bias, mask=mask, scale=scale, is_causal=is_causal
    )
    if flash_attention is None and is_flash_attention_enabled() is None and jax.default_backend() == "gpu":
        try:
            return attention(implementation="cudnn")
        except (
            NotImplementedError,
            RuntimeError,
            ValueError,
        ):  # JAX says what cuDNN can't do; there is no asking before
            flash_attention = False
    return attention(implementation="cudnn" if flash_attention else "xla")


def _heads_together(query: Array, key: Array, value: Array, bias: Array | None, mask: Array | None) -> bool:
    """Whether one product for all heads is the way, and the arguments are what it is for. JAX judges all others."""
    batch, targets, heads, _ = query.shape
    scores = batch, heads, targets, key.shape[1]
    fits = key.shape == value.shape == (batch, key.shape[1], heads, query.shape[3]) and query.dtype == jnp.float32
    fits = fits and (mask is None or mask.dtype == bool)
    for x in (bias, mask):
        fits = fits and (x is None or (x.ndim == 4 and all(n in (1, m) for n, m in zip(x.shape, scores, strict=True))))
    return fits and ways(jax.default_backend()).attention == "heads together"


def _attend(
    query: Array, key: Array, value: Array, bias: Array | None, mask: Array | None, scale: float | None, is_causal: bool
) -> Array:
    """The arithmetic of `jax.nn.dot_product_attention` in its order, without its loop over groups of heads."""
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    if isinstance(scale, float) and math.frexp(scale)[0] == 0.5:
        query, scale = query * scale, None  # a power of two: the same bits, and fewer numbers to multiply
    logits = jnp.einsum("btnh,bsnh->bnts", query, key)
    if scale is not None:
        logits = logits * jnp.asarray(scale, logits.dtype)
    if bias is not None:
        logits = logits + bias
    if is_causal:
        before = places_seen(query.shape[1], key.shape[1], causal=True)
        mask = before if mask is None else mask & before
    if mask is not None:
        logits = jnp.where(mask, logits, -0.7 * jnp.finfo(logits.dtype).max)
    return jnp.einsum("bnts,bsnh->btnh", jax.nn.softmax(logits, axis=-1), value)


def places_seen(targets: int, sources: int, causal: bool = False, window: int | None = None) -> Array:
    """Which sources each target may see: a mask (1, targets, sources).

    Args:
        targets: the number of places that look.
        sources: the number of places that are looked at.
        causal: whether a target sees no source after its own place.
        window: how far it sees, its own place included, in both directions; None is everywhere.
    """
    distance = jnp.arange(targets)[:, None] - jnp.arange(sources)  # how far back a source lies
    seen = distance >= 0 if causal else jnp.ones_like(distance, bool)
    return (seen if window is None else seen & (abs(distance) < window))[None]
