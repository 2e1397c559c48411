import numpy as np

from jaxnn.callbacks import CSVLogger

from .models import train


def test_a_row_is_written_for_each_epoch(tmp_path):
    path = tmp_path / "log.csv"
    train(CSVLogger(path), [{"loss": 0.5, "accuracy": 0.25, "val_loss": 1.0}, {"loss": 0.25, "val_loss": float("nan")}])
    assert path.read_bytes() == b"epoch,accuracy,loss,val_loss\r\n0,0.25,0.5,1.0\r\n1,NA,0.25,nan\r\n"


def test_without_validation_the_columns_are_there(tmp_path):
    path = tmp_path / "log.csv"
    train(CSVLogger(str(path), separator=";"), [{"loss": 0.5}, {"loss": 0.25, "val_loss": 1.0}])
    assert path.read_text() == "epoch;loss;val_loss\n0;0.5;NA\n1;0.25;1.0\n"


def test_appending_writes_one_header(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path, append=True)
    train(logger, [{"val_loss": 1.0}])
    train(logger, [{"val_loss": 2.0}])
    train(CSVLogger(path, append=True), [{"val_loss": 3.0}])
    assert path.read_text() == "epoch,val_loss\n0,1.0\n0,2.0\n0,3.0\n"
    train(CSVLogger(path), [{"val_loss": 4.0}])
    assert path.read_text() == "epoch,val_loss\n0,4.0\n"


def test_the_file_is_complete_after_each_epoch_and_closed_at_the_end(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path)
    logger.on_train_begin()
    file = logger.csv_file
    logger.on_epoch_end(0, {"val_loss": 1.0})
    assert path.read_text() == "epoch,val_loss\n0,1.0\n"
    logger.on_train_end()
    assert file.closed


def test_a_run_that_broke_off_leaves_no_open_file(tmp_path):
    logger = CSVLogger(tmp_path / "log.csv")
    logger.on_train_begin()
    file = logger.csv_file
    train(logger, [{"loss": 1.0}])
    assert file.closed


def test_arrays_are_written_as_lists(tmp_path):
    path = tmp_path / "log.csv"
    train(CSVLogger(path), [{"val_a": np.array([1, 2]), "val_b": np.array(3), "val_c": "text"}])
    assert path.read_text() == 'epoch,val_a,val_b,val_c\n0,"""[1, 2]""",3,text\n'
