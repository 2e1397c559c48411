"""What TensorBoard's own reader finds in the files."""

import contextlib
import gzip
import json
import os

import numpy as np
import pytest

import jaxnn
from jaxnn import layers, optimizers
from jaxnn.callbacks import Callback, TensorBoard

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

X, Y = np.random.RandomState(0).rand(12, 4), np.random.RandomState(1).rand(12, 1)


def compiled(**kwargs):
    model = jaxnn.Sequential([jaxnn.Input((4,)), layers.Dense(3, name="a"), layers.Dense(1, name="b")], name="net")
    model.compile(kwargs.pop("optimizer", "sgd"), "mse", metrics=["mae"], **kwargs)
    return model


def fit(callback, model=None, epochs=2, callbacks=(), **kwargs):
    model = model or compiled()
    return model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, callbacks=[callback, *callbacks], **kwargs), model


def read(folder):
    """tag -> (plugin, steps, values)."""
    events = accumulator.EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    result = {}
    for tag in events.Tags()["tensors"]:
        points = events.Tensors(tag)
        values = [_value(point.tensor_proto) for point in points]
        result[tag] = (events.SummaryMetadata(tag).plugin_data.plugin_name, [point.step for point in points], values)
    return result


def _value(proto):
    shape = tuple(dimension.size for dimension in proto.tensor_shape.dim)
    if proto.string_val:
        return list(proto.string_val) if shape else proto.string_val[0]
    return np.frombuffer(proto.tensor_content, {1: "<f4", 2: "<f8"}[proto.dtype]).reshape(shape)


def scalars(folder):
    return {
        tag: (steps, [float(v) for v in values])
        for tag, (plugin, steps, values) in read(folder).items()
        if plugin == "scalars"
    }


def as_written(values):
    return [float(np.float32(value)) for value in values]


def test_epochs_are_curves_in_two_folders(tmp_path):
    history, _ = fit(TensorBoard(tmp_path), validation_data=(X, Y))
    log = history.history
    assert scalars(tmp_path / "train") == {
        "epoch_loss": ([0, 1], as_written(log["loss"])),
        "epoch_mae": ([0, 1], as_written(log["mae"])),
        "epoch_learning_rate": ([0, 1], as_written([0.01, 0.01])),
    }
    assert scalars(tmp_path / "validation") == {
        "epoch_loss": ([0, 1], as_written(log["val_loss"])),
        "epoch_mae": ([0, 1], as_written(log["val_mae"])),
        "evaluation_loss_vs_iterations": ([3, 6], as_written(log["val_loss"])),
        "evaluation_mae_vs_iterations": ([3, 6], as_written(log["val_mae"])),
    }
    assert set(log) == {"loss", "mae", "val_loss", "val_mae"}  # the rate is in the files alone


def test_without_validation_there_is_no_folder_for_it(tmp_path):
    fit(TensorBoard(tmp_path))
    assert os.listdir(tmp_path) == ["train"]


def test_evaluate_alone_writes_its_point(tmp_path):
    model = compiled()
    loss, mae = model.evaluate(X, Y, verbose=0, callbacks=[TensorBoard(tmp_path, write_graph=False)])
    assert os.listdir(tmp_path) == ["validation"]
    assert scalars(tmp_path / "validation") == {
        "evaluation_loss_vs_iterations": ([0], as_written([loss])),
        "evaluation_mae_vs_iterations": ([0], as_written([mae])),
    }


def test_a_second_run_writes_files_of_its_own(tmp_path):
    board = TensorBoard(tmp_path)
    _, model = fit(board)
    fit(board, model, epochs=3, initial_epoch=2)
    assert len(os.listdir(tmp_path / "train")) == 2
    assert scalars(tmp_path / "train")["epoch_loss"][0] == [0, 1, 2]


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), (4, [4])])
def test_batches_are_curves_too(tmp_path, update_freq, steps):
    class Logs(Callback):
        seen = {}

        def on_train_batch_end(self, batch, logs=None):
            self.seen[len(self.seen) + 1] = logs["loss"]

    Logs.seen = {}
    fit(TensorBoard(tmp_path, update_freq=update_freq, write_steps_per_second=True), callbacks=[Logs()])
    found = scalars(tmp_path / "train")
    assert found["batch_loss"] == (steps, as_written([Logs.seen[step] for step in steps]))
    assert found["batch_mae"][0] == steps
    assert found["batch_steps_per_second"][0] == steps
    assert min(found["batch_steps_per_second"][1]) > 0


def test_steps_per_second_of_epochs(tmp_path):
    fit(TensorBoard(tmp_path, write_steps_per_second=True))
    steps, values = scalars(tmp_path / "train")["epoch_steps_per_second"]
    assert steps == [0, 1]
    assert min(values) > 0


def test_weights_are_histograms_and_images(tmp_path):
    _, model = fit(TensorBoard(tmp_path, histogram_freq=2, write_images=True), epochs=3)
    found = read(tmp_path / "train")
    names = {tag for tag, (plugin, *_) in found.items() if plugin == "histograms"}
    assert names == {f"net/{layer}/{weight}/histogram" for layer in "ab" for weight in ("kernel", "bias")}
    _, steps, values = found["net/a/kernel/histogram"]
    kernel = np.array(model.layers[0].kernel)
    assert steps == [0, 2]
    assert values[1].shape == (30, 3)
    assert values[1][:, 2].sum() == 12
    assert (values[1][0, 0], values[1][-1, 1]) == (kernel.min(), kernel.max())
    plugin, steps, values = found["net/a/kernel/image"]
    assert (plugin, steps) == ("images", [0, 2])
    assert values[0][:2] == [b"4", b"3"]  # width and height: the longer side lies
    assert values[0][2][:8] == b"\x89PNG\r\n\x1a\n"


def test_kernels_of_convolutions_are_a_stack_of_images(tmp_path):
    model = jaxnn.Sequential(
        [jaxnn.Input((4, 4, 1)), layers.Conv2D(5, (2, 3), name="c"), layers.Flatten(), layers.Dense(1)], name="net"
    )
    model.compile("sgd", "mse")
    model.fit(
        np.ones((4, 4, 4, 1)), np.ones((4, 1)), verbose=0, callbacks=[TensorBoard(tmp_path, 1, write_images=True)]
    )
    values = read(tmp_path / "train")["net/c/kernel/image"][2][0]
    assert values[:2] == [b"3", b"2"]
    assert len(values) == 2 + 3  # the first three of five


def test_the_model_is_a_graph(tmp_path):
    _, model = fit(TensorBoard(tmp_path))
    plugin, steps, (text,) = read(tmp_path / "train")["keras"]
    assert (plugin, steps) == ("graph_keras_model", [0])
    assert json.loads(text) == json.loads(model.to_json())
    keras_util = pytest.importorskip("tensorboard.plugins.graph.keras_util")
    graph = keras_util.keras_model_to_graph_def(json.loads(text))
    assert {"net/a", "net/b"} <= {node.name for node in graph.node}


def test_only_what_is_a_graph_is_drawn(tmp_path):
    class Net(jaxnn.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    model = Net()
    model.compile("sgd", "mse")
    fit(TensorBoard(tmp_path / "a"), model)
    fit(TensorBoard(tmp_path / "b", write_graph=False))
    assert "keras" not in read(tmp_path / "a" / "train")
    assert "keras" not in read(tmp_path / "b" / "train")


def test_a_model_without_a_config_is_told_and_trained(tmp_path):
    model = compiled()
    model.to_json = lambda: 1 / 0
    with pytest.warns(
        UserWarning, match="Model failed to serialize as JSON, so there is no graph of it: division by zero"
    ):
        fit(TensorBoard(tmp_path), model)


def test_learning_rates_of_schedules_and_inside_other_optimizers_are_written(tmp_path):
    schedule = optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
    fit(TensorBoard(tmp_path / "a"), compiled(optimizer=optimizers.SGD(schedule)))
    _, rates = scalars(tmp_path / "a" / "train")["epoch_learning_rate"]
    np.testing.assert_allclose(rates, [0.05, 0.025], rtol=1e-6)  # a power in float32
    fit(TensorBoard(tmp_path / "b"), compiled(optimizer=optimizers.LossScaleOptimizer(optimizers.SGD(0.25))))
    assert scalars(tmp_path / "b" / "train")["epoch_learning_rate"][1] == [0.25, 0.25]


def test_a_range_of_batches_is_traced(tmp_path):
    board = TensorBoard(tmp_path, profile_batch=(2, 4))
    fit(board)
    assert not board._is_tracing
    (path,) = (tmp_path / "train" / "plugins" / "profile").glob("*/*.trace.json.gz")
    names = [event.get("name") for event in json.loads(gzip.decompress(path.read_bytes()))["traceEvents"]]
    assert [name for name in names if name and name.startswith("Profiled batch")] == [
        f"Profiled batch {k}" for k in (1, 2, 0)
    ]


def test_a_trace_of_a_broken_run_ends_and_another_ones_is_left_alone(tmp_path):
    class Breaks(Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    board = TensorBoard(tmp_path / "a", profile_batch=(1, 100))
    with contextlib.suppress(KeyboardInterrupt):
        fit(board, callbacks=[Breaks()])
    assert board._is_tracing
    with pytest.warns(UserWarning, match="batches are not profiled, since there is a trace already"):
        fit(TensorBoard(tmp_path / "b", profile_batch=1))
    fit(board)
    assert not board._is_tracing


@pytest.mark.parametrize("batches", [-1, "a", (5, 2), (1, 2, 3), None, 0.5])
def test_what_is_no_range_of_batches_is_refused(batches):
    with pytest.raises(
        ValueError, match="profile_batch must be a non-negative integer or 2-tuple of positive integers"
    ):
        TensorBoard(profile_batch=batches)


def test_ranges_may_be_strings():
    assert TensorBoard(profile_batch="10,20")._stop_batch == 20
    assert TensorBoard(profile_batch="10")._stop_batch == 10


@pytest.mark.parametrize("frequency", ["step", 0, -2, None])
def test_what_is_no_frequency_is_refused(frequency):
    with pytest.raises(ValueError, match="`update_freq` must be 'epoch', 'batch' or a positive number of batches"):
        TensorBoard(update_freq=frequency)


def embedding_model():
    model = jaxnn.Sequential(
        [jaxnn.Input((2,)), layers.Embedding(5, 3, name="words"), layers.Flatten(), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("metadata", ["words.tsv", {"words": "words.tsv"}])
def test_the_projector_finds_embeddings_and_their_metadata(tmp_path, metadata):
    model = embedding_model()
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata=metadata)
    model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[board])

    text_format = pytest.importorskip("google.protobuf.text_format")
    plugin = pytest.importorskip("tensorboard.plugins.projector.projector_plugin")
    from tensorboard.plugins.projector import projector_config_pb2

    text = (tmp_path / "projector_config.pbtxt").read_text()
    (embedding,) = text_format.Parse(text, projector_config_pb2.ProjectorConfig()).embeddings
    assert embedding.tensor_name == "layer_with_weights-0/embeddings/.ATTRIBUTES/VARIABLE_VALUE"  # Keras's name
    assert embedding.metadata_path == "words.tsv"
    vectors = plugin._read_tensor_tsv_file(str(tmp_path / embedding.tensor_path))
    np.testing.assert_array_equal(vectors, np.array(model.layers[0].embeddings))

    twin = embedding_model()
    twin.load_weights(str(tmp_path / "train" / "keras_embedding.ckpt-1.weights.h5"))
    np.testing.assert_array_equal(twin.layers[0].embeddings, model.layers[0].embeddings)


def test_metadata_of_unknown_layers_is_refused_and_the_users_dict_stays(tmp_path):
    metadata = {"words": "a.tsv", "other": "b.tsv"}
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata=metadata)
    with pytest.raises(ValueError, match=r"Unrecognized `Embedding` layer names .* \['other'\]\. .* \['words'\]"):
        board.set_model(embedding_model())
    assert metadata == {"words": "a.tsv", "other": "b.tsv"}
