"""Connectionist temporal classification: labels read off a longer series of predictions, without knowing when.

A path has one class per time step. It spells the labels that are left when repeated classes are merged and blanks are
taken out; the probability of labels is the sum over all paths that spell them.

Source: Graves et al. 2006, "Connectionist Temporal Classification"; https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxnn.core.dtypes import result_type
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor

_NEVER = -1e5  # the log of a probability that counts as none: infinity would make the gradient NaN
_NOTHING = -1  # in decoded labels


def _loss_spec(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> KerasTensor:
    _check_lengths(target, output, target_length, output_length)
    return KerasTensor((target.shape[0],), result_type(output.dtype, "float32"))


@op(spec=_loss_spec)
def ctc_loss(
    target: ArrayLike, output: ArrayLike, target_length: ArrayLike, output_length: ArrayLike, mask_index: int = 0
) -> Array:
    """-ln of the probability that the predictions spell the target, in nats, for each sample.

    Args:
        target: the labels, whole numbers.
        output: logits of the classes, at least as many time steps as there are labels.
        target_length: how many labels count.
        output_length: how many time steps count.
        mask_index: the class that means blank.

    Shape: (batch, labels), (batch, time, classes), (batch,), (batch,) → (batch,), in float32 at least.

    Raises:
        ValueError: if the batches differ in size.

    Example:
        >>> loss = ctc_loss([[1]], [[[0.0, 0.0], [0.0, 0.0]]], [1], [2])
        >>> float(jnp.exp(-loss[0]).round(4))  # three of the four paths spell 1: "1 1", "1 -", "- 1"
        0.75

    Source: Graves et al. 2006, section 4.1. As in Keras on JAX, labels and the blanks before them stand in two rows of
        forward scores, in optax's order of sums.
    """
    target, target_length = tensor(target).astype("int32"), tensor(target_length).astype("int32")
    output, output_length = tensor(output), tensor(output_length).astype("int32")
    _check_lengths(target, output, target_length, output_length)
    batch, labels = target.shape
    output = output.astype(result_type(output.dtype, "float32"))
    dtype = output.dtype
    log_p = jax.nn.log_softmax(output)
    log_p_blank = jnp.transpose(log_p[:, :, mask_index][:, :, None], (1, 0, 2))  # (time, batch, 1)
    one_hot = jax.nn.one_hot(target, log_p.shape[-1], dtype=dtype)
    log_p_label = jnp.transpose(jnp.einsum("btk,bnk->btn", log_p, one_hot), (1, 0, 2))  # (time, batch, labels)
    # equal neighbours must have a blank between them, or they would be merged
    same_next = jnp.pad((target[:, :-1] == target[:, 1:]).astype(jnp.float32), ((0, 0), (0, 1)))
    over = jnp.arange(output.shape[1]) >= output_length[:, None]
    over = over.astype(dtype).T[:, :, None]  # (time, batch, 1)

    def moved_on(blank: Array, score: Array) -> Array:
        return jnp.concatenate([blank[:, :1], jnp.logaddexp(blank[:, 1:], score)], axis=-1)

    def step(scores: tuple[Array, Array], x: tuple[Array, Array, Array]) -> tuple[tuple, None]:
        blank, label = scores
        log_p_label, log_p_blank, over = x
        ready = moved_on(blank, label + _NEVER * same_next)
        new_label = jnp.logaddexp(ready[:, :-1] + log_p_label, label + log_p_label)
        new_blank = moved_on(ready + log_p_blank, label + log_p_blank + _NEVER * (1.0 - same_next))
        new_label = over * label + (1.0 - over) * new_label
        new_blank = over * blank + (1.0 - over) * new_blank
        return (new_blank, new_label), None

    # blank[:, n]: n labels are spelt and the last class was a blank; label[:, n]: the last class was label n
    blank = jnp.full((batch, labels + 1), _NEVER, dtype).at[:, 0].set(0.0)
    label = jnp.full((batch, labels), _NEVER, dtype)
    (blank, label), _ = lax.scan(step, (blank, label), (log_p_label, log_p_blank, over))
    spelt = jax.nn.one_hot(jnp.clip(target_length, 0, labels), labels + 1, dtype=dtype)
    return -jnp.einsum("bn,bn->b", moved_on(blank, label), spelt)


def _check_lengths(target: Any, output: Any, target_length: Any, output_length: Any) -> None:
    named = {"target": target, "output": output, "target_length": target_length, "output_length": output_length}
    for one, other in (("target", "output"), ("target_length", "target"), ("output_length", "output")):
        shape, other_shape = tuple(named[one].shape), tuple(named[other].shape)
        if shape[:1] != other_shape[:1] and None not in (shape[:1] + other_shape[:1]):
            raise ValueError(
                f"ctc_loss: Arguments `{one}` and `{other}` must have the same first dimension. "
                f"Received shapes: `{shape}` and `{other_shape}`."
            )


def _decode_spec(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[KerasTensor, KerasTensor]:
    _check_strategy(strategy)
    batch, time, _ = inputs.shape
    paths = 1 if strategy == "greedy" else top_paths
    dtype = result_type(inputs.dtype, "float32")
    return KerasTensor((paths, batch, time), "int32"), KerasTensor((batch, paths), dtype)


@op(spec=_decode_spec)
def ctc_decode(
    inputs: ArrayLike,
    sequence_lengths: ArrayLike,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[Array, Array]:
    """The labels that predictions spell, and how good the guess is.

    Args:
        inputs: logits of the classes.
        sequence_lengths: how many time steps count.
        strategy: 'greedy' (the best class at each step, read as one path) or 'beam_search' (the labels that are likeliest
            over all their paths, among the `beam_width` best beginnings).
        beam_width: how many beginnings are kept at each step.
        top_paths: how many answers beam search gives, best first.
        merge_repeated: whether 'greedy' merges repeated classes. Beam search always does.
        mask_index: the class that means blank. None is the last one.

    Shape: (batch, time, classes), (batch,) → (paths, batch, time) and (batch, paths), where paths is 1 for 'greedy'.

    Returns:
        The labels, int32, filled up with -1; and scores: minus the sum of the chosen logits for 'greedy', the
        log-probability for 'beam_search'.

    Raises:
        ValueError: for another strategy.

    Example:
        >>> logits = [[[0.0, 2.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]]  # 1, 1, 2
        >>> labels, scores = ctc_decode(logits, [3])
        >>> labels.tolist(), scores.tolist()
        ([[[1, 2, -1]]], [[-7.0]])

    Source: Graves et al. 2006, section 3.2; prefix beam search: Hannun et al. 2014, arXiv:1408.2873. As in Keras, the
        first time step counts in a beam search even where a length is 0.
    """
    _check_strategy(strategy)
    inputs, lengths = tensor(inputs), tensor(sequence_lengths)
    inputs = inputs.astype(result_type(inputs.dtype, "float32"))
    blank = inputs.shape[-1] - 1 if mask_index is None else mask_index
    over = jnp.arange(inputs.shape[1]) >= lengths[:, None]  # (batch, time)
    if strategy == "greedy":
        return _greedy(inputs, over, merge_repeated, blank)
    return _beam_search(inputs, over, beam_width, top_paths, blank)


def _check_strategy(strategy: str) -> None:
    if strategy not in ("greedy", "beam_search"):
        raise ValueError(f"Invalid strategy {strategy}. Supported values are 'greedy' and 'beam_search'.")


def _greedy(inputs: Array, over: Array, merge_repeated: bool, blank: int) -> tuple[Array, Array]:
    classes = jnp.where(over, blank, jnp.argmax(inputs, axis=-1)).astype("int32")
    scores = -jnp.sum(jnp.where(over, 0.0, jnp.max(inputs, axis=-1)), axis=1)
    silent = classes == blank
    if merge_repeated:
        silent = silent.at[:, 1:].set(silent[:, 1:] | (classes[:, 1:] == classes[:, :-1]))
    order = jnp.argsort(silent, axis=-1)  # stable: the labels first, in their order
    labels = jnp.take_along_axis(jnp.where(silent, _NOTHING, classes), order, axis=-1)
    return labels[None], scores[:, None]


# --- beam search -----------------------------------------------------------------------------------------------------
#
# A beam holds each beginning twice: paths that end in its last label, and paths that end in a blank. Ties are broken as
# in Keras, and so in TensorFlow, which prefers small classes: the classes are turned round, and of equals the last wins.


def _beam_search(inputs: Array, over: Array, width: int, top_paths: int, blank: int) -> tuple[Array, Array]:
    classes = inputs.shape[-1]
    log_p = jnp.flip(jax.nn.log_softmax(inputs), axis=2)
    blank = classes - 1 - blank % classes

    def decode(log_p: Array, over: Array) -> tuple[Array, Array]:
        def step(beam: tuple, x: tuple) -> tuple[tuple, None]:
            log_p, over = x
            return lax.cond(over, lambda b, _: b, lambda b, y: _prune(*_extend(b, y, blank), width), beam, log_p), None

        beam, _ = lax.scan(step, _first_beam(log_p, width, blank), (log_p[1:], over[1:]))
        paths, scores, _ = beam
        paths, same = _unique(paths, 2 * classes * width)
        scores = _sum_of_logs(same, scores, len(paths))
        best = jnp.argsort(scores)[-top_paths:][::-1]
        return paths[best], scores[best]

    paths, scores = jax.vmap(decode)(log_p, over)
    labels = jnp.where(paths == _NOTHING, _NOTHING, classes - 1 - paths)
    return jnp.transpose(labels, (1, 0, 2)), scores


def _first_beam(log_p: Array, width: int, blank: int) -> tuple[Array, Array, Array]:
    """Paths (2 width, time), their log-probabilities, and which of them end in a blank, after the first step."""
    time, classes = log_p.shape
    best = jnp.argsort(log_p[0])[-min(classes, width) :]
    paths = (
        jnp.full((2 * width, time), _NOTHING, "int32").at[: len(best), 0].set(jnp.where(best == blank, _NOTHING, best))
    )
    scores = jnp.full(2 * width, -jnp.inf, log_p.dtype).at[: len(best)].set(log_p[0][best])
    return paths, scores, paths[:, 0] == _NOTHING


def _extend(beam: tuple[Array, Array, Array], log_p: Array, blank: int) -> tuple[Array, Array, Array]:
    """Every path with every class: entry i * classes + c is path i followed by c."""
    paths, scores, ends_in_blank = (jnp.repeat(part, len(log_p), axis=0) for part in beam)
    times = len(beam[0])
    rows, end = jnp.arange(len(paths)), jnp.argmax(paths == _NOTHING, axis=1)
    last = jnp.where(end == 0, _NOTHING, paths[rows, end - 1])
    added = jnp.tile(jnp.arange(len(log_p)).at[blank].set(_NOTHING), times)
    merged = ~ends_in_blank & (last == added)
    paths = paths.at[rows, end].set(jnp.where(merged, _NOTHING, added).astype("int32"))
    return paths, scores + jnp.tile(log_p, times), added == _NOTHING


def _prune(paths: Array, scores: Array, ends_in_blank: Array, width: int) -> tuple[Array, Array, Array]:
    """The best beginnings, by the sum over the paths that spell them."""
    paths, same = _unique(paths, len(paths))
    by_label = _sum_of_logs(same, jnp.where(ends_in_blank, -jnp.inf, scores), len(paths))
    by_blank = _sum_of_logs(same, jnp.where(ends_in_blank, scores, -jnp.inf), len(paths))
    best = jnp.argsort(jnp.logaddexp(by_label, by_blank))[-width:]
    scores = jnp.concatenate([by_label[best], by_blank[best]])
    return jnp.tile(paths[best], (2, 1)), scores, jnp.arange(2 * width) >= width


def _unique(paths: Array, size: int) -> tuple[Array, Array]:
    """The different rows in lexicographic order, filled up to `size`, and where each row went."""
    paths, same = jnp.unique(paths, return_inverse=True, size=size, axis=0, fill_value=_NOTHING)
    return paths, same.reshape(-1)


def _sum_of_logs(same: Array, scores: Array, size: int) -> Array:
    top = jnp.max(scores)
    return jnp.log(jnp.zeros(size, scores.dtype).at[same].add(jnp.exp(scores - top))) + top
