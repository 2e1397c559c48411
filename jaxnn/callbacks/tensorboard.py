"""TensorBoard: logs, weights and traces for TensorBoard, without TensorFlow."""

from __future__ import annotations

import os
import time
import warnings
from typing import Any

import jax
import numpy as np

from jaxnn import layers
from jaxnn.callbacks import projector, summaries
from jaxnn.callbacks.callback import Callback, Logs, needed_where
from jaxnn.callbacks.event_file import EventFile
from jaxnn.callbacks.every_batches import EveryBatches, is_batches
from jaxnn.callbacks.learning_rates import log_rates
from jaxnn.core import config, registry


@registry.export("callbacks")
class TensorBoard(Callback):
    """Writes what `tensorboard --logdir logs` shows; neither TensorFlow nor TensorBoard need be installed.

    In `<log_dir>/train` and `<log_dir>/validation` are, under Keras's names: `epoch_<metric>` with the learning rate,
    `evaluation_<metric>_vs_iterations` of each validation and each `evaluate`, and what the arguments ask for. All of it is
    on disk at once, so a run that was killed has its curves.

    Args:
        log_dir: a folder, of this run alone if its curves are to stand apart.
        histogram_freq: every so many epochs the histograms of all weights; values that aren't finite are left out. 0: never.
        write_graph: the conceptual graph of a Sequential or functional model.
        write_images: the weights as images, too, at `histogram_freq`: vectors, matrices, and the first three kernels of a
            stack.
        write_steps_per_second: 'epoch_steps_per_second' and, if batches are written, 'batch_steps_per_second'; the latter
            keeps `fit` from running steps ahead of their events, and so costs speed.
        update_freq: 'epoch'; or 'batch', or every so many batches, `batch_<metric>` as well.
        profile_batch: a batch, or the first and the last of a range (counted from 1 over all epochs), to trace by
            `jax.profiler`; 0: none. TensorBoard's plugin 'profile' (`pip install xprof`) shows the trace.
        embeddings_freq: every so many epochs the Embedding layers, for the projector, and the model's weights. 0: never.
        embeddings_metadata: a file, relative to `log_dir`, with a line for each row of an embedding; or a dict of such files
            by layer's name.

    Raises:
        ValueError: for frequencies and ranges that are none; and when a run begins, for metadata of unknown layers.

    Example: `model.fit(x, y, epochs=20, validation_split=0.2, callbacks=[TensorBoard("logs/first", histogram_freq=5)])`

    Source: https://keras.io/api/callbacks/tensorboard/. Keras writes by TensorFlow, and embeddings in a file that the
    projector can't read; here they are in a table beside it.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int | str | tuple[int, int] = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: str | dict[str, str] | None = None,
    ):
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        if update_freq != "epoch" and not is_batches(self.update_freq):
            raise ValueError(
                "TensorBoard: `update_freq` must be 'epoch', 'batch' or a positive number of batches; "
                f"got {update_freq!r}."
            )
        self._start_batch, self._stop_batch = _range_of_batches(profile_batch)
        self._train_dir = os.path.join(self.log_dir, "train")
        self._is_tracing = self._has_traced = False
        self._annotation: Any = None

    def set_model(self, model: Any) -> None:
        """Takes the model; a run begins, in files of its own."""
        super().set_model(model)
        self._train = EventFile(self._train_dir)
        self._validation = EventFile(os.path.join(self.log_dir, "validation"))
        self._counter = EveryBatches(1 if self.update_freq == "epoch" else self.update_freq)
        if self.write_graph and type(model).__name__ in ("Functional", "Sequential"):
            self._write_graph()
        if self.embeddings_freq:
            projector.write_config(self.log_dir, self._embeddings(), self.embeddings_metadata)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Ends the trace of a run that was broken off."""
        self._stop_trace()
        self._has_traced = False

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Ends the trace, if training ended before the range did."""
        self._stop_trace()

    @needed_where(lambda self: (self._writes_batches and self.write_steps_per_second) or self._start_batch > 0)
    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Notes the time, and begins the trace."""
        traces = 0 < self._start_batch <= self._counter.total + 1 and not self._has_traced
        if traces or self.write_steps_per_second:
            # `fit` runs no step ahead of a hook that reads a variable: a trace and a clock meet the step that they are about
            np.asarray(self.model.optimizer.iterations)
        if traces and not self._is_tracing:
            self._start_trace()
        if self._is_tracing:
            self._annotation = jax.profiler.TraceAnnotation(f"Profiled batch {batch}")
            self._annotation.__enter__()
        self._batch_began = time.perf_counter()

    @needed_where(lambda self: self._writes_batches or self._start_batch > 0)
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes the batch, if it is one of those, and ends the trace."""
        before, due = self._counter.total, self._counter.due(batch)
        step = self._counter.total
        if self._writes_batches and due:
            values = {f"batch_{name}": number for name, number in _scalars(logs).items()}
            if self.write_steps_per_second:
                values["batch_steps_per_second"] = (step - before) / (time.perf_counter() - self._batch_began)
            _write(self._train, step, values)
        self._end_annotation()
        if self._is_tracing and step >= self._stop_batch:
            self._stop_trace()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Notes the time."""
        if self.write_steps_per_second:
            self._epoch_began = time.perf_counter(), int(self.model.optimizer.iterations)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Writes the epoch's logs, and the weights if it is their turn."""
        if logs:
            self._write_epoch(epoch, _scalars(logs))
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            projector.write_vectors(self.log_dir, self._embeddings())
            self.model.save_weights(os.path.join(self._train_dir, f"keras_embedding.ckpt-{epoch}.weights.h5"))

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Writes the logs over the number of updates so far."""
        iterations = getattr(self.model.optimizer, "iterations", None)
        if iterations is not None:
            values = {f"evaluation_{name}_vs_iterations": number for name, number in _scalars(logs).items()}
            _write(self._validation, int(iterations), values)

    # --- what is written ---------------------------------------------------------------------------------------------

    @property
    def _writes_batches(self) -> bool:
        return self.update_freq != "epoch"

    def _write_epoch(self, epoch: int, logs: Logs) -> None:
        train = {name: number for name, number in logs.items() if not name.startswith("val_")}
        if getattr(self.model, "optimizer", None) is not None:
            log_rates(self.model, train)
        if self.write_steps_per_second:
            began, iterations = self._epoch_began
            steps = int(self.model.optimizer.iterations) - iterations
            train["steps_per_second"] = steps / (time.perf_counter() - began)
        _write(self._train, epoch, {f"epoch_{name}": number for name, number in train.items()})
        validation = {name[4:]: number for name, number in logs.items() if name.startswith("val_")}
        _write(self._validation, epoch, {f"epoch_{name}": number for name, number in validation.items()})

    def _write_weights(self, epoch: int) -> None:
        for layer in self.model.layers:
            values = []
            for weight in layer.weights:
                name, array = weight.path.replace(":", "_"), np.asarray(weight)
                values.append(summaries.histogram(f"{name}/histogram", array))
                images = _as_images(array) if self.write_images else None
                if images is not None:
                    values.append(summaries.image(f"{name}/image", images))
            if values:
                self._train.add(epoch, values)

    def _write_graph(self) -> None:
        try:
            text = self.model.to_json()
        except Exception as error:  # a picture must not end training
            warnings.warn(f"Model failed to serialize as JSON, so there is no graph of it: {error}", stacklevel=2)
        else:
            self._train.add(0, [summaries.keras_model("keras", text)])

    def _embeddings(self) -> list[Any]:
        return [layer for layer in self.model.layers if isinstance(layer, layers.Embedding)]

    # --- traces ------------------------------------------------------------------------------------------------------

    def _start_trace(self) -> None:
        try:
            jax.profiler.start_trace(self._train_dir)
        except RuntimeError as error:  # somebody else's runs
            self._has_traced = True
            warnings.warn(
                f"TensorBoard: batches are not profiled, since there is a trace already: {error}", stacklevel=2
            )
        else:
            self._is_tracing = True

    def _end_annotation(self) -> None:
        if self._annotation is not None:
            self._annotation.__exit__(None, None, None)
            self._annotation = None

    def _stop_trace(self) -> None:
        self._end_annotation()
        if self._is_tracing:
            self._is_tracing, self._has_traced = False, True
            jax.profiler.stop_trace()


def _write(file: EventFile, step: int, values: Logs) -> None:
    if values:
        file.add(step, [summaries.scalar(tag, number) for tag, number in values.items()])


def _scalars(logs: Logs | None) -> Logs:
    return {name: float(value) for name, value in (logs or {}).items() if np.ndim(value) == 0}


def _range_of_batches(profile_batch: Any) -> tuple[int, int]:
    """The first and the last batch to trace."""
    given = profile_batch
    try:
        if isinstance(given, str):  # '10' or '10,20', as in Keras 2
            numbers = [int(number) for number in given.split(",")]
            given = numbers if len(numbers) > 1 else numbers[0]
        start, stop = given if isinstance(given, tuple | list) else (given, given)
        valid = isinstance(start, int) and isinstance(stop, int) and 0 <= start <= stop
    except ValueError:
        valid = False
    if not valid:
        raise ValueError(
            "profile_batch must be a non-negative integer or 2-tuple of positive integers. A pair of positive integers "
            f"signifies a range of batches to profile. Found: {profile_batch}"
        )
    return start, stop


def _as_images(array: np.ndarray) -> np.ndarray | None:
    """A weight as a stack of images, as Keras shows it; None for what is none. Shape: (images, height, width, channels)."""
    array = np.squeeze(array)
    if array.ndim == 1:
        array = array[None, :, None, None]
    elif array.ndim == 2:
        array = array.T if array.shape[0] > array.shape[1] else array
        array = array[None, :, :, None]
    elif array.ndim == 3:
        array = np.moveaxis(array, 2, 0) if config.image_data_format() == "channels_last" else array
        array = array[..., None]
    return array if array.ndim == 4 and array.shape[-1] in (1, 3, 4) else None
