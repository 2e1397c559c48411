"""Attention layers against Keras: configs, initial weights, outputs, scores, masks, gradients, files."""

import random

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from keras.src.backend.common.keras_tensor import KerasTensor as TheirSymbol

import jaxnn
from jaxnn.core.graph import KerasTensor
from jaxnn.core.masking import get_keras_mask

QUICK = settings(max_examples=5, derandomize=True, deadline=None)
SUMS = {"rtol": 1e-5, "atol": 2e-6}  # a few terms, added in another order
MASKS = {
    name: np.random.default_rng(i).random((3, size)) > 0.3
    for i, (name, size) in enumerate({"query_mask": 4, "value_mask": 5, "key_mask": 5}.items())
}
for m in MASKS.values():
    m[:, 0] = True
TENSORS = {
    name: np.random.default_rng(i).normal(size=shape).astype("float32")
    for i, (name, shape) in enumerate({"query": (3, 4, 6), "value": (3, 5, 6), "key": (3, 5, 7)}.items())
}
PLACES = np.random.default_rng(9).random((3, 4, 5)) > 0.3
PLACES[..., 0] = True


def assert_close(a, b, **tolerances):
    a, b = jax.tree.leaves(a), jax.tree.leaves(b)
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(np.asarray(x, "float32"), np.asarray(y, "float32"), **{**SUMS, **tolerances})


def both(make, *shapes):
    """The same layer twice, built with the same seeds."""
    made = []
    for k in (jaxnn, keras):
        random.seed(5)
        made.append(make(k.layers))
        if shapes:
            made[-1].build(*shapes)
    assert made[0].get_config() == {**made[1].get_config(), "dtype": made[0].get_config()["dtype"]}
    return made


def values_and_gradients(layer, call, tensors, training):
    """What a call gives and the gradients of a sum over it, as one compiled program."""
    state = [v.value for v in layer.non_trainable_variables]

    def loss(weights, tensors):
        args, kwargs = call(tensors)
        y, _, losses = layer.stateless_call(weights, state, *args, **kwargs, training=training, return_losses=True)
        return sum(jnp.sum(jnp.sin(x)) for x in jax.tree.leaves(y)) + sum(losses, 0.0), (y, losses)

    weights = [v.value for v in layer.trainable_variables]
    (_, y), gradients = jax.jit(jax.value_and_grad(loss, argnums=(0, 1), has_aux=True))(weights, tensors)
    return y, gradients


def compare(layers, call, names, training):
    ours, theirs = layers
    for a, b in zip(ours.weights, theirs.weights, strict=True):
        assert a.path == b.path
        np.testing.assert_allclose(a.value, b.value, rtol=1e-6, atol=1e-7)  # ours are drawn in NumPy
    ours.set_weights([np.asarray(w.value) for w in theirs.weights])
    tensors = {name: TENSORS[name] for name in names}
    got, expected = (values_and_gradients(layer, call, tensors, training) for layer in layers)
    assert_close(got, expected)


@given(
    additive=st.booleans(),
    use_scale=st.booleans(),
    score_mode=st.sampled_from(["dot", "concat"]),
    key=st.booleans(),
    masks=st.sets(st.sampled_from(["query_mask", "value_mask"])),
    causal=st.booleans(),
    scores=st.booleans(),
    dropout=st.sampled_from([0.0, 0.4]),
    training=st.booleans(),
)
@QUICK
def test_attention_is_keras(additive, use_scale, score_mode, key, masks, causal, scores, dropout, training):
    kwargs = {"use_scale": use_scale, "dropout": dropout, "seed": 3, "name": "here"}
    name = "AdditiveAttention" if additive else "Attention"
    if not additive:
        kwargs["score_mode"] = score_mode
    names = ["query", "value", "other"] if key else ["query", "value"]
    tensors = {**TENSORS, "other": TENSORS["value"][:, ::-1]}
    shapes = [(None, *tensors[n].shape[1:]) for n in names]
    made = both(lambda k: getattr(k, name)(**kwargs), shapes)

    def call(tensors):
        mask = [jnp.asarray(MASKS[m]) if m in masks else None for m in ("query_mask", "value_mask")]
        inputs = [tensors["query"], tensors["value"], *([tensors["value"][:, ::-1]] if key else [])]
        return [inputs], {"mask": mask, "use_causal_mask": causal, "return_attention_scores": scores}

    compare(made, call, ["query", "value"], training)
    symbols = [[cls(s, dtype="float32") for s in shapes] for cls in (KerasTensor, TheirSymbol)]
    specs = [x(s, return_attention_scores=scores) for x, s in zip(made, symbols, strict=True)]
    assert [t.shape for t in jax.tree.leaves(specs[0])] == [t.shape for t in keras.tree.flatten(specs[1])]


CALL = {
    "key": st.booleans(),
    "masks": st.sets(st.sampled_from(["query_mask", "value_mask", "key_mask", "attention_mask"])),
    "causal": st.booleans(),
    "scores": st.booleans(),
    "training": st.booleans(),
}
COMMON = {
    "dropout": st.sampled_from([0.0, 0.0, 0.4]),
    "use_bias": st.booleans(),
    "sliding_window": st.sampled_from([None, None, 2]),
    "use_gate": st.booleans(),
    "kernel_initializer": st.sampled_from(["glorot_uniform", "he_uniform"]),
    "kernel_regularizer": st.sampled_from([None, "l2"]),
    "activity_regularizer": st.sampled_from([None, "l1"]),
    "bias_constraint": st.sampled_from([None, "non_neg"]),
    "seed": st.just(3),
}


def compare_heads(name, kwargs, key, masks, causal, scores, training):
    names = ["query", "value", *(["key"] if key else [])]
    made = both(lambda k: getattr(k, name)(**kwargs, name="here"), *[(None, *TENSORS[n].shape[1:]) for n in names])
    given_masks = {m: jnp.asarray(MASKS[m]) for m in masks & set(MASKS)}
    if not key:
        given_masks.pop("key_mask", None)
    if "attention_mask" in masks:
        given_masks["attention_mask"] = jnp.asarray(PLACES)

    def call(tensors):
        flags = {"use_causal_mask": causal, "return_attention_scores": scores}
        return [], {**tensors, **given_masks, **flags}

    compare(made, call, names, training)


@given(
    kwargs=st.fixed_dictionaries(
        {
            "num_heads": st.sampled_from([1, 3]),
            "key_dim": st.just(2),
            "value_dim": st.sampled_from([None, 5]),
            **COMMON,
        },
        optional={"output_shape": st.sampled_from([4, (2, 3)])},
    ),
    call=st.fixed_dictionaries(CALL),
)
@settings(QUICK, max_examples=4)
def test_multi_head_attention_is_keras(kwargs, call):
    if kwargs["value_dim"] and not kwargs["dropout"]:
        call["scores"] = True  # else Keras's own attention fails on values of another depth
    compare_heads("MultiHeadAttention", kwargs, **call)


@given(
    kwargs=st.fixed_dictionaries(
        {
            "head_dim": st.just(2),
            "num_query_heads": st.just(4),
            "num_key_value_heads": st.sampled_from([1, 2, 4]),
            **COMMON,
        }
    ),
    call=st.fixed_dictionaries(CALL),
)
@settings(QUICK, max_examples=4)
def test_group_query_attention_is_keras(kwargs, call):
    compare_heads("GroupQueryAttention", kwargs, **call)


@pytest.mark.parametrize("axes", [None, 1, (-2,)])
def test_attention_over_several_axes_is_keras(axes):
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 6)).astype("float32")
    made = both(lambda k: k.MultiHeadAttention(2, 3, attention_axes=axes, name="here"), x.shape, x.shape)
    outputs = []
    for layer in made:
        layer.set_weights([np.asarray(w.value) for w in made[0].weights])
        outputs.append(layer(x, x, return_attention_scores=True))
    assert_close(*outputs)
    assert made[0].attention_axes == made[1].attention_axes
    spec = made[0](KerasTensor((None, 3, 4, 6)), KerasTensor((None, 3, 4, 6)), return_attention_scores=True)
    assert [s.shape[1:] for s in spec] == [y.shape[1:] for y in outputs[0]]


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float16"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_half_precision_is_keras(dtype, dropout):
    shapes = (None, 4, 6), (None, 5, 6)
    made = both(lambda k: k.MultiHeadAttention(2, 3, dropout=dropout, dtype=dtype, seed=1, name="here"), *shapes)
    outputs = []
    for layer in made:
        layer.set_weights([np.asarray(w.value) for w in made[0].weights])
        outputs.append(layer(TENSORS["query"], TENSORS["value"], use_causal_mask=True, training=False))
        assert outputs[-1].dtype == made[0].compute_dtype
    assert_close(*outputs, rtol=0, atol=2e-3)  # a rounding of eight or eleven bits may fall otherwise


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras's Variables under NumPy 2
@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.layers.MultiHeadAttention(2, 3, use_gate=True, name="mha"),
        lambda k: k.layers.GroupQueryAttention(3, 4, 2, use_gate=True, name="gqa"),
    ],
)
@pytest.mark.parametrize("there_and_back", [(jaxnn, keras), (keras, jaxnn)], ids=["to_keras", "from_keras"])
def test_models_with_attention_are_exchanged_in_files(tmp_path, make, there_and_back):
    writer, reader = there_and_back
    query, value = writer.Input((4, 6)), writer.Input((5, 6))
    model = writer.Model([query, value], make(writer)(query, value))
    model.save(tmp_path / "model.keras")
    loaded = reader.saving.load_model(tmp_path / "model.keras")
    inputs = [TENSORS["query"], TENSORS["value"]]
    assert_close(loaded(inputs), model(inputs))
    assert loaded.layers[-1].name == model.layers[-1].name


def test_automatic_names_and_masks_of_outputs_are_keras():
    for name, args in (("GroupQueryAttention", (3, 4, 2)), ("MultiHeadAttention", (2, 3))):
        made = both(lambda k, name=name, args=args: getattr(k, name)(*args))
        assert made[0].name == made[1].name
    ids = np.array([[1, 2, 0]])
    masks = []
    for k, mask_of in ((jaxnn, get_keras_mask), (keras, keras.src.backend.get_keras_mask)):
        x = k.layers.Embedding(4, 6, mask_zero=True)(ids)
        layer = k.layers.MultiHeadAttention(2, 3)
        masks.append([mask_of(layer(x, x)), mask_of(x)])  # taken off the input, as Keras does
    assert masks[0][1] is masks[1][1] is None
    assert_close(masks[0], masks[1])
