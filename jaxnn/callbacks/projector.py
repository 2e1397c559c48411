"""What TensorBoard's embedding projector reads: a list of embeddings, and each one's vectors.

Source: tensorboard/plugins/projector/projector_config.proto
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from jaxnn.saving.atomic import replacing


def write_config(folder: str, embeddings: list[Any], metadata: str | dict[str, str] | None) -> None:
    """Writes `projector_config.pbtxt`.

    Args:
        folder: where to.
        embeddings: the Embedding layers.
        metadata: the file that says what the rows are, or a dict of such files by layer; paths are relative to `folder`.

    Raises:
        ValueError: if the dict names other layers.
    """
    names = {layer.name for layer in embeddings}
    unknown = [name for name in metadata if name not in names] if isinstance(metadata, dict) else []
    if unknown:
        raise ValueError(
            "Unrecognized `Embedding` layer names passed to `keras.callbacks.TensorBoard` `embeddings_metadata` "
            f"argument: {unknown}. The model's Embedding layers are {sorted(names)}."
        )
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "projector_config.pbtxt"), "w", encoding="utf-8") as file:
        for i, layer in enumerate(embeddings):
            file_of_layer = metadata.get(layer.name) if isinstance(metadata, dict) else metadata
            file.write("embeddings {\n")
            file.write(f'  tensor_name: "layer_with_weights-{i}/embeddings/.ATTRIBUTES/VARIABLE_VALUE"\n')
            if file_of_layer is not None:
                file.write(f"  metadata_path: {json.dumps(file_of_layer, ensure_ascii=False)}\n")
            file.write(f"  tensor_path: {json.dumps(_vectors_path(layer), ensure_ascii=False)}\n")
            file.write("}\n")


def write_vectors(folder: str, embeddings: list[Any]) -> None:
    """Writes the embeddings as they are now, a row a line."""
    for layer in embeddings:
        path = os.path.join(folder, _vectors_path(layer))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with replacing(path) as beside:
            np.savetxt(beside, np.asarray(layer.embeddings, "float32"), fmt="%.9g", delimiter="\t")


def _vectors_path(layer: Any) -> str:
    return f"train/keras_embedding-{layer.name}.tsv"
