import doctest

import pytest

from jaxnn.callbacks import (
    BackupAndRestore,
    CallbackList,
    EarlyStopping,
    ModelCheckpoint,
    SwapEMAWeights,
    TensorBoard,
    every_batches,
)
from jaxnn.callbacks.every_batches import EveryBatches


def test_the_example_runs():
    assert doctest.testmod(every_batches).failed == 0


def test_batches_are_counted_over_the_ends_of_epochs():
    counter = EveryBatches(4)
    due = [(epoch, batch) for epoch in range(4) for batch in range(3) if counter.due(batch)]
    assert due == [(1, 0), (2, 1), (3, 2)]
    assert counter.total == 12


def test_batches_that_come_several_at_once_are_counted_all():
    """With `steps_per_execution=3` a loop tells of batches 2, 5, 8, ... only."""
    counter = EveryBatches(6)
    assert [counter.due(batch) for batch in (2, 5, 8, 2, 5)] == [False, True, False, True, False]
    assert counter.total == 15


@pytest.mark.parametrize(
    ("callback", "needs"),
    [
        (lambda path: ModelCheckpoint(path / "a.keras"), False),
        (lambda path: ModelCheckpoint(path / "a.keras", save_freq=10), True),
        (lambda path: BackupAndRestore(path), False),
        (lambda path: BackupAndRestore(path, save_freq=False), False),
        (lambda path: BackupAndRestore(path, save_freq=10), True),
        (lambda path: TensorBoard(path, write_steps_per_second=True), False),
        (lambda path: TensorBoard(path, update_freq="batch"), True),
        (lambda path: TensorBoard(path, update_freq=100), True),
        (lambda path: TensorBoard(path, profile_batch=(2, 5)), True),
        (lambda path: EarlyStopping(), False),
        (lambda path: SwapEMAWeights(), False),
    ],
)
def test_only_callbacks_that_do_something_between_batches_stop_the_loop_there(callback, needs, tmp_path):
    callbacks = CallbackList([callback(tmp_path)])
    assert callbacks.needs_train_batches == needs
    assert not callbacks.needs_test_batches
    assert not callbacks.needs_predict_batches


def test_an_override_of_a_batch_hook_is_called_whatever_the_arguments_say(tmp_path):
    class Mine(ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)

    assert CallbackList([Mine(tmp_path / "a.keras")]).needs_train_batches
