"""Dataset: each method on a few numbers, and what a pass costs."""

import threading

import numpy as np
import pytest

import jaxnn as keras
from jaxnn.utils import Dataset


def numbers(n=5):
    return Dataset.from_tensor_slices(np.arange(n))


def lists(data):
    return [np.asarray(x).tolist() for x in data]


def test_each_method_does_what_its_name_says():
    assert lists(numbers().map(lambda x: 2 * x)) == [0, 2, 4, 6, 8]
    assert lists(numbers().filter(lambda x: x % 2 == 0)) == [0, 2, 4]
    assert lists(numbers().take(2)) == [0, 1]
    assert lists(numbers().take(-1)) == [0, 1, 2, 3, 4]
    assert lists(numbers().skip(3)) == [3, 4]
    assert lists(numbers(2).repeat(2)) == [0, 1, 0, 1]
    assert lists(numbers().batch(2)) == [[0, 1], [2, 3], [4]]
    assert lists(numbers().batch(2, drop_remainder=True)) == [[0, 1], [2, 3]]
    assert lists(numbers().batch(2).unbatch()) == [0, 1, 2, 3, 4]
    assert [(i, int(x)) for i, x in numbers(2).enumerate()] == [(0, 0), (1, 1)]
    assert sorted(lists(numbers().shuffle(5, seed=1))) == [0, 1, 2, 3, 4]
    assert lists(numbers().prefetch(-1)) == [0, 1, 2, 3, 4]


def test_lengths_are_known_without_reading():
    assert [len(d) for d in (numbers(), numbers().take(9), numbers().skip(2), numbers().repeat(3))] == [5, 5, 3, 15]
    assert [len(numbers().batch(2)), len(numbers().batch(2, drop_remainder=True))] == [3, 2]
    assert len(numbers().repeat().take(4)) == 4
    assert (numbers().repeat().cardinality(), numbers().filter(bool).cardinality()) == (-1, -2)
    with pytest.raises(TypeError, match=r"number of elements is infinite\. Use `take\(n\)`"):
        len(numbers().repeat())
    with pytest.raises(TypeError, match="number of elements is unknown"):
        len(numbers().unbatch())
    assert bool(numbers().unbatch())


def test_a_dataset_can_be_walked_through_again_and_elements_may_be_tuples_and_dicts():
    data = Dataset.from_tensor_slices(({"a": np.arange(4), "b": np.ones((4, 2))}, [0, 1, 0, 1])).batch(3)
    for _ in range(2):
        (inputs, labels), (last, _) = data
        assert (inputs["a"].shape, inputs["b"].shape, labels.tolist(), last["b"].shape) == (
            (3,),
            (3, 2),
            [0, 1, 0],
            (1, 2),
        )
    assert data.map(lambda x, y: x["a"] + y).take(1).as_numpy_iterator().__next__().tolist() == [0, 2, 2]


def test_arrays_answer_numpy_as_tensorflows_do_and_count_as_plain_ones():
    batch = next(iter(numbers().batch(2)))
    assert type(batch.numpy()) is np.ndarray
    assert type(np.asarray(batch)) is np.ndarray


def test_element_spec_tells_shapes_and_types_with_an_open_batch():
    data = Dataset.from_tensor_slices((np.zeros((4, 2), "float32"), np.array(["a"] * 4, object)))
    assert data.element_spec[0] == ((2,), "float32")
    batched = data.batch(2).element_spec
    assert [tuple(spec) for spec in batched] == [((None, 2), "float32"), ((None,), "string")]


def test_cache_reads_once_and_only_keeps_whole_passes():
    read = []
    data = numbers(3).map(lambda x: read.append(int(x)) or x).cache()
    next(iter(data))
    assert (lists(data), lists(data), read) == ([0, 1, 2], [0, 1, 2], [0, 0, 1, 2])
    with pytest.raises(ValueError, match="kept in memory only"):
        data.cache("file")


def test_threads_work_ahead_keep_the_order_and_go_when_a_loop_is_left():
    before = threading.active_count()
    data = numbers(50).map(lambda x: x + 1, num_parallel_calls=4).prefetch(2)
    assert lists(data) == list(range(1, 51))
    for _ in data:
        break
    del _
    for thread in threading.enumerate():
        if thread.name.startswith("jaxnn-dataset"):
            thread.join(5)
    assert threading.active_count() == before


def test_an_error_in_a_thread_arrives():
    def fails(x):
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        list(numbers().map(fails, num_parallel_calls=2).prefetch(1))


def test_padded_batches_are_filled_up_with_zeros():
    data = Dataset(lambda: iter([(np.ones(n), n) for n in (1, 3, 2)]), 3).padded_batch(2)
    (first, sizes), (last, _) = data
    assert (first.tolist(), sizes.tolist(), last.tolist()) == ([[1, 0, 0], [1, 1, 1]], [1, 3], [[1, 1]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dataset.from_tensor_slices((np.zeros(2), np.zeros(3))), r"the same length; got \[2, 3\]"),
        (lambda: numbers().batch(0), "`batch_size` must be a positive integer"),
        (lambda: numbers().shuffle(0), "`buffer_size` must be a positive integer"),
        (lambda: list(Dataset(lambda: iter([np.ones(1), np.ones(2)]), 2).batch(2)), "must have one shape"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_model_trains_on_a_dataset_as_on_its_arrays():
    x, y = np.random.default_rng(0).normal(size=(20, 3)).astype("float32"), np.arange(20) % 2

    def losses(*data, **kwargs):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model.fit(*data, epochs=2, verbose=0, **kwargs).history["loss"]

    batches = Dataset.from_tensor_slices((x, y)).batch(8)
    assert losses(batches) == losses(x, y, batch_size=8, shuffle=False)
