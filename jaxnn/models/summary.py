"""summary(): Keras's table of layers, character for character, and the device that will train."""

from __future__ import annotations

import itertools
import math
import re
import shutil
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core import tree
from jaxnn.core.config import is_interactive_logging_enabled
from jaxnn.core.graph import KerasTensor
from jaxnn.utils.printing import print_line


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: list[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> None:
    """Prints what `Model.summary` promises."""
    in_a_row = _in_a_row(model)
    header = ["Layer (type)", "Output Shape", "Param #"]
    if in_a_row:
        default_length, ends = 88, positions or [0.45, 0.8, 1.0]
    else:
        header.append("Connected to")
        default_length, ends = 108, positions or [0.3, 0.56, 0.74, 1.0]
    if show_trainable:
        header.append("Trainable")
        default_length, ends = default_length + 12, [*(p * 0.9 for p in ends), 1.0]
    length = line_length or min(default_length, shutil.get_terminal_size().columns - 4)
    widths = [int(b * length) - int(a * length) for a, b in zip([0.0, *ends], ends, strict=False)]
    if min(widths) < 4:
        raise ValueError(f"Insufficient console width to print summary: {length} columns. Pass line_length=80.")
    rows = []
    for layer in _in_range(_listed(model), layer_range):
        rows += _rows(model, layer, 0, in_a_row, expand_nested, show_trainable)
    lines = [f'Model: "{model.name}"', *_table(header, rows, widths), *_totals(model)]
    text = "\n".join(lines)
    if print_fn is not None:
        print_fn(text + "\n")
    elif is_interactive_logging_enabled():
        print(text)
    else:
        print_line(text)


def _listed(model: Any) -> list:
    return list(getattr(model, "_operations", None) or model.layers)


def _in_a_row(model: Any) -> bool:
    """Whether a graph is one chain of layers, each called once, so that "Connected to" would say nothing."""
    nodes = getattr(model, "_graph_nodes", None)
    if nodes is None:
        return True
    used = {id(x) for node in nodes for x in node.input_tensors}
    ends = [node for node in nodes if not any(id(x) in used for x in node.outputs)]
    return (
        len(ends) == 1
        and all(len(node.input_tensors) <= 1 for node in nodes)
        and len({id(node.operation) for node in nodes}) == len(nodes)
    )


def _rows(model: Any, layer: Any, level: int, in_a_row: bool, expand: bool, trainable: bool) -> list[list[str]]:
    prefix = "   " * level + "└ " if level else ""
    if not hasattr(layer, "built"):
        params = "0"
    else:
        params = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    row = [f"{prefix}{layer.name} ({type(layer).__name__})", _shape(layer), params]
    if not in_a_row:
        row.append(_connections(model, layer))
    if trainable:
        row.append(("Y" if layer.trainable else "N") if getattr(layer, "weights", None) else "-")
    rows = [row]
    if expand and getattr(layer, "layers", None):
        for inner in layer.layers:
            rows += _rows(model, inner, level + 1, in_a_row, expand, trainable)
    return rows


def _shape(layer: Any) -> str:
    if layer._inbound_nodes:
        outputs = layer._inbound_nodes[-1].outputs
        shapes = [str(x.shape) for x in outputs]
        return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"
    build_shapes = getattr(layer, "_build_shapes_dict", None)
    if not build_shapes:
        return "?"
    try:
        shape = layer.compute_output_shape(*build_shapes.values())
    except Exception:  # whatever a layer of the user's own raises, a summary is still printed
        return "?"
    return str(tree.map_shape_structure(lambda s: KerasTensor(s).shape, shape))


def _connections(model: Any, layer: Any) -> str:
    own = set(map(id, model._graph_nodes))
    found = []
    for node in layer._inbound_nodes:
        if id(node) in own:
            for x in node.input_tensors:
                operation, index, position = x._keras_history
                found.append(f"{operation.name}[{index}][{position}]")
    return ", ".join(found) or "-"


def _in_range(layers: list, layer_range: Any) -> list:
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(n, str) for n in layer_range):
        raise ValueError(f"layer_range must be two layer names or patterns. Received: layer_range={layer_range}")
    first, last = ([i for i, layer in enumerate(layers) if re.match(p, layer.name)] for p in layer_range)
    if not first or not last:
        raise ValueError(f"Passed layer_names do not match the layer names in the model. Received: {layer_range}")
    if min(first) > max(last):
        first, last = last, first
    return layers[min(first) : max(last) + 1]


def _table(header: list[str], rows: list[list[str]], widths: list[int]) -> list[str]:
    """A grid with cells broken into lines that fit."""
    room = [max(w - 3, 1) for w in widths]  # what borders and blanks leave of a column
    room[-2] -= 1
    align = [{"Param #": ">", "Trainable": "^"}.get(name, "<") for name in header]

    def rule(left: str, mid: str, right: str, dash: str) -> str:
        return left + mid.join(dash * (width + 2) for width in room) + right

    def block(cells: list[str], bar: str) -> list[str]:
        broken = [_wrap(cell, width) for cell, width in zip(cells, room, strict=True)]
        lines = itertools.zip_longest(*broken, fillvalue="")
        padded = ([f" {cell:{a}{width}} " for cell, a, width in zip(line, align, room, strict=True)] for line in lines)
        return [bar + bar.join(line) + bar for line in padded]

    lines = [rule("┏", "┳", "┓", "━"), *block(header, "┃"), rule("┡", "╇", "┩", "━")]
    for i, row in enumerate(rows):
        lines += block(row, "│")
        if i < len(rows) - 1:
            lines.append(rule("├", "┼", "┤", "─"))
    return [*lines, rule("└", "┴", "┘", "─")]


def _wrap(text: str, width: int) -> list[str]:
    """The text in lines of whole words; a word that is too long for a line is cut."""
    lines = [""]
    for word in re.findall(r"\s*\S+\s*", text):
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > width:
            lines.append(word)
        else:
            lines[-1] += word
    lines = [line.rstrip() for line in lines]
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]


def _totals(model: Any) -> list[str]:
    groups = {
        "Trainable": model.trainable_weights,
        "Non-trainable": model.non_trainable_weights,
        "Optimizer": list(model.optimizer.variables)
        if model.compiled and getattr(model.optimizer, "built", False)
        else [],
    }
    lines = [f" Total params: {_amount([v for group in groups.values() for v in group])}"]
    lines += [f" {name} params: {_amount(group)}" for name, group in groups.items() if group or name != "Optimizer"]
    return [*lines, f" Device: {_device()}"]


def _amount(variables: list) -> str:
    unique = list({id(v): v for v in variables}.values())
    count = sum(math.prod(v.shape) for v in unique)
    size = float(sum(math.prod(v.shape) * jnp.dtype(v.dtype).itemsize for v in unique))
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024 or unit == "TB":
            break
        size /= 1024
    return f"{count:,} ({size:.2f} {unit})"


def _device() -> str:
    """What trains: JAX's default device."""
    device = jax.devices()[0]
    return "CPU" if device.platform == "cpu" else f"{device.platform.upper()} ({device.device_kind})"
