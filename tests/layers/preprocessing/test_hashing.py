import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.layers.preprocessing.hashes import farmhash64, siphash64

LENGTHS = (0, 1, 3, 4, 8, 16, 17, 32, 33, 64, 65, 128, 129, 200)
# tf.strings.to_hash_bucket_fast and to_hash_bucket_strong (key [133, 137]) of "x" * n, for 2**61 - 1 buckets
FARMHASH = (
    1936946117179621459,
    107802420385376264,
    785320106607850077,
    1720235418723337396,
    416454844068956804,
    1015052581907953693,
    2082709914559524777,
    1372361677931338762,
    741150363874629180,
    2304502108871267258,
    323337772074164027,
    1256696753479420953,
    1652246316520439485,
    103930210689786821,
)
SIPHASH = (
    316627932347062998,
    1305668558901771030,
    864060531588413687,
    2194129737783783747,
    2175600891033577151,
    756757245114737700,
    1894711813173795173,
    814092544179586341,
    1041820554135458924,
    1343934753586377140,
    984977695482718527,
    2174904275349237128,
    242924200582589876,
    2070278496918337953,
)


def test_hashes_are_those_of_tensorflow_at_every_length():
    strings = [b"x" * n for n in LENGTHS]
    buckets = np.uint64(2**61 - 1)
    assert tuple((farmhash64(strings) % buckets).tolist()) == FARMHASH
    assert tuple((siphash64(strings, (133, 137)) % buckets).tolist()) == SIPHASH


def test_siphash_gives_the_paper_s_example():
    key = [int.from_bytes(bytes(range(i, i + 8)), "little") for i in (0, 8)]
    assert siphash64([bytes(range(15))], key).tolist() == [0xA129CA6149BE45E5]  # appendix A


def test_bins_hang_on_the_value_alone():
    layer = layers.Hashing(1000)
    words = np.array([["b", "a", "longer than eight bytes"], ["a", "é", ""]])
    bins = np.asarray(layer(words))
    assert bins[0, 1] == bins[1, 0]
    np.testing.assert_array_equal(bins, [[int(layer(w)) for w in row] for row in words.tolist()])
    np.testing.assert_array_equal(layer(np.array([12, -7])), layer(["12", "-7"]))


def test_the_mask_has_bin_0_for_itself():
    bins = layers.Hashing(3, mask_value="")(["", "a", "b", "c", "d"]).tolist()
    assert bins[0] == 0
    assert 0 not in bins[1:]


def test_a_compiled_program_has_the_same_bins(key):
    layer = layers.Hashing(5, output_mode="one_hot", salt=3)
    x = np.arange(12).reshape(4, 3)
    expected = np.asarray(layer(x))
    np.testing.assert_array_equal(jax.jit(layer)(x), expected)
    np.testing.assert_array_equal(jax.vmap(layer)(jnp.asarray(x)), expected)
    model = jaxnn.Sequential([layers.Input((3,), dtype="int32"), layer])
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
    crossing = layers.HashedCrossing(7)
    np.testing.assert_array_equal(jax.jit(crossing)([x[:, 0], x[:, 1]]), crossing([x[:, 0], x[:, 1]]))


@pytest.mark.parametrize(
    "layer", [layers.Hashing(5, mask_value="m", salt=(1, 2), name="h"), layers.HashedCrossing(5, "one_hot", name="c")]
)
def test_a_config_makes_an_equal_layer(layer):
    twin = layers.deserialize(layers.serialize(layer))
    assert twin.get_config() == layer.get_config()


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="cannot be `None` or non-positive"):
        layers.Hashing(0)
    with pytest.raises(ValueError, match="`dtype` should be an integer type"):
        layers.Hashing(2, dtype="float32")
    with pytest.raises(ValueError, match="can only be a tuple of size 2"):
        layers.Hashing(2, salt="pepper")
    with pytest.raises(ValueError, match="can only be used with the TensorFlow backend"):
        layers.Hashing(2, output_mode="one_hot", sparse=True)
    with pytest.raises(ValueError, match="`sparse` may only be true if"):
        layers.Hashing(2, sparse=True)
    with pytest.raises(ValueError, match=r"expected strings; got None \(of type NoneType\) among them"):
        layers.Hashing(2)(np.array(["a", None], dtype=object))
    crossing = layers.HashedCrossing(2)
    with pytest.raises(ValueError, match="should be called on a list or tuple of at least two inputs"):
        crossing([np.array(["a"])])
    with pytest.raises(ValueError, match="should have shape"):
        crossing([np.ones((2, 2), int)] * 2)
    with pytest.raises(ValueError, match="should have equal shape"):
        crossing([np.ones(2, int), np.ones(3, int)])
    with pytest.raises(ValueError, match="integer or string dtype"):
        crossing([np.ones(2), np.ones(2)])
    with pytest.raises(ValueError, match="Expected as input a list/tuple of 2 tensors"):
        crossing.compute_output_shape((2, 1))
    with pytest.raises(ValueError, match="identical shapes"):
        crossing.compute_output_shape([(2, 1), (2, 3)])
