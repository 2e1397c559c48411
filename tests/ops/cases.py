"""One example call or more of every operation, from which tests draw inputs.

`f("bm")` stands for floats of shape (b, m), `i` for whole numbers, `t` for booleans, `p` for positive floats, `u` for
floats between -1 and 1, `spd` for positive definite matrices. `b` is the batch: symbolic tests leave it unknown.
"""

import collections
import dataclasses
from typing import Any

import numpy as np

SIZES = {"b": 3, "m": 4, "n": 6, "k": 2, "3": 3, "1": 1, "8": 8}


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A place in a call where an array goes."""

    kind: str
    dims: str

    def shape(self, batch="known"):
        return tuple(None if d == "b" and batch == "unknown" else SIZES[d] for d in self.dims)

    @property
    def dtype(self):
        return {"i": "int32", "t": "bool"}.get(self.kind, "float32")

    def draw(self, rng):
        shape = self.shape()
        if self.kind == "i":
            return rng.integers(0, 4, shape).astype("int32")
        if self.kind == "t":
            return rng.random(shape) < 0.5
        if self.kind == "p":
            return rng.uniform(0.1, 2.0, shape).astype("float32")
        if self.kind == "u":
            return rng.uniform(-0.9, 0.9, shape).astype("float32")
        x = rng.normal(size=shape).astype("float32")
        if self.kind == "spd":
            x = x @ np.swapaxes(x, -1, -2) + 0.5 * np.eye(shape[-1], dtype="float32")
        return x


@dataclasses.dataclass(frozen=True)
class Case:
    """A call.

    `jit=False`: the values decide the shape; `batch=False`: an unknown batch makes no sense; `keras=False`: Keras fails.
    """

    name: str
    args: tuple
    kwargs: dict[str, Any]
    jit: bool
    batch: bool
    keras: bool


def case(name, *args, jit=True, batch=True, keras=True, **kwargs):
    return Case(name, args, kwargs, jit, batch, keras)


def ids(cases):
    """'sum-1', 'sum-2', ... for pytest."""
    seen = collections.Counter()
    for case in cases:
        seen[case.name] += 1
        yield f"{case.name}-{seen[case.name]}"


def f(dims):
    return Drawn("f", dims)


def i(dims):
    return Drawn("i", dims)


def t(dims):
    return Drawn("t", dims)


def p(dims):
    return Drawn("p", dims)


def u(dims):
    return Drawn("u", dims)


def spd(dims):
    return Drawn("spd", dims)


def fill(structure, value):
    """The structure with `value(drawn)` in place of each Drawn."""
    if isinstance(structure, Drawn):
        return value(structure)
    if isinstance(structure, list | tuple):
        return type(structure)(fill(item, value) for item in structure)
    if isinstance(structure, dict):
        return {key: fill(item, value) for key, item in structure.items()}
    return structure


def example(case, seed=0):
    """The call's arguments with arrays drawn."""
    rng = np.random.default_rng(seed)
    return fill((case.args, case.kwargs), lambda drawn: drawn.draw(rng))


COMPLEX = np.array([[1.0 + 2.0j, -3.0j], [0.5, -2.0]], "complex64")

UNARY = [
    *[
        case(n, f("bm"))
        for n in ("absolute", "abs", "negative", "sign", "square", "exp", "exp2", "expm1", "cbrt", "erf")
    ],
    *[
        case(n, f("bm"))
        for n in ("fabs", "signbit", "erfc", "i0", "trunc", "isposinf", "isneginf", "sinc", "deg2rad", "rad2deg")
    ],
    *[case(n, f("bm")) for n in ("real", "imag", "conj", "conjugate", "angle", "isreal")],
    *[case(n, COMPLEX) for n in ("real", "imag", "conjugate", "angle", "isreal", "absolute")],
    *[case(n, i("bm")) for n in ("fabs", "trunc", "i0", "erfc", "angle", "bitwise_invert")],
    *[case(n, p("bm")) for n in ("sqrt", "rsqrt", "log", "log2", "log10", "log1p", "reciprocal")],
    *[case(n, u("bm")) for n in ("arcsin", "arccos", "arctanh", "erfinv")],
    *[case(n, f("bm")) for n in ("sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "arcsinh", "floor", "ceil")],
    *[case(n, f("bm")) for n in ("isfinite", "isinf", "isnan", "logical_not", "copy", "nan_to_num", "round")],
    *[
        case(n, i("bm"))
        for n in ("sqrt", "exp", "log1p", "sin", "floor", "sign", "square", "negative", "tanh", "erfinv")
    ],
    case("arccosh", p("bm")),
    case("bitwise_not", i("bm")),
    case("clip", f("bm"), -0.5, 0.5),
    case("clip", t("bm"), 0, 1),
    case("nan_to_num", f("bm"), nan=1.0, posinf=2.0, neginf=-2.0),
    case("round", f("bm"), 2),
    case("round", i("bm"), -1),
]

BINARY = [
    *[
        case(n, f("bm"), p("m"))
        for n in (
            "add", "subtract", "multiply", "divide", "true_divide", "divide_no_nan", "floor_divide", "mod", "maximum",
            "minimum", "arctan2", "logaddexp", "equal", "not_equal", "greater", "greater_equal", "less", "less_equal",
            "isclose", "allclose",
        )
    ],
    *[case(n, i("bm"), i("bm")) for n in ("add", "divide", "divide_no_nan", "equal", "multiply", "arctan2", "maximum")],
    *[case(n, f("bm"), 2) for n in ("add", "multiply", "power", "divide", "maximum", "mod")],
    *[case(n, t("bm"), t("m")) for n in ("logical_and", "logical_or", "logical_xor")],
    *[case(n, i("bm"), i("m")) for n in ("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift")],
    *[case(n, f("bm"), f("m")) for n in ("fmax", "fmin", "fmod", "heaviside", "hypot", "nextafter", "logaddexp2")],
    *[case(n, i("bm"), i("m")) for n in ("gcd", "lcm", "bitwise_left_shift", "bitwise_right_shift", "fmax", "hypot")],
    case("ldexp", f("bm"), i("m")),
    case("power", p("bm"), f("bm")),
    case("isclose", f("bm"), f("bm"), rtol=0.5, atol=0.1, equal_nan=True),
]  # fmt: skip

NANS = np.array([[1.0, np.nan, -2.0, 4.0], [np.nan, 0.5, 3.0, 3.0]], "float32")
NAN_REDUCTIONS = ("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanmedian")

REDUCTIONS = [
    *[
        case(n, f("bmn"), **kwargs)
        for n in (
            "sum",
            "prod",
            "mean",
            "var",
            "std",
            "logsumexp",
            "max",
            "min",
            "amax",
            "amin",
            "all",
            "any",
            "median",
        )
        for kwargs in ({}, {"axis": 1, "keepdims": True}, {"axis": (0, -1)})
    ],
    *[case(n, f("bmn"), axis=1) for n in ("argmax", "argmin", "cumsum", "cumprod", "count_nonzero", "average")],
    *[case(n, f("bmn")) for n in ("argmax", "argmin", "cumsum", "cumprod", "count_nonzero", "average")],
    *[case(n, i("bm"), axis=-1) for n in ("sum", "prod", "mean", "var", "std", "max", "average", "median", "argmax")],
    *[case(n, t("bm"), axis=-1) for n in ("sum", "prod", "mean", "all", "any")],
    *[case(n, f("bmn"), axis=[1, 2]) for n in ("sum", "mean", "max", "any", "median")],
    case("max", f("bm"), axis=1, initial=0.5),
    case("min", f("bm"), initial=0.5),
    case("argmax", f("bm"), axis=-1, keepdims=True),
    case("average", f("bm"), axis=1, weights=p("m")),
    case("average", f("bm"), weights=p("bm")),
    case("quantile", f("bm"), 0.3, axis=1),
    case("quantile", f("bm"), u("k"), axis=-1, keepdims=True),
    case("quantile", f("bm"), 0.3, axis=1, method="nearest"),
    case("percentile", f("bm"), 30.0, axis=1),
    case("cumsum", i("bm"), axis=1, dtype="float32"),
    case("prod", i("bm"), dtype="float32"),
    case("diff", f("bm")),
    case("diff", f("bmn"), n=2, axis=1),
    *[case(n, NANS, axis=1, keepdims=True) for n in NAN_REDUCTIONS],
    *[case(n, f("bm")) for n in NAN_REDUCTIONS],
    *[case(n, NANS, axis=1) for n in ("nanargmax", "nanargmin", "nancumsum", "nancumprod")],
    case("ptp", f("bmn"), axis=(0, 2)),
    case("nansum", f("bmn"), axis=[0, 2], keras=False),  # wants a tuple
    case("nanquantile", NANS, 0.3, axis=1),
    case("nanpercentile", NANS, np.array([30.0, 60.0], "float32"), axis=-1, keepdims=True),
    case("nancumsum", i("bm"), dtype="float32"),
    case("ptp", f("bm")),
    case("trapezoid", f("bm")),
    case("trapezoid", f("bm"), x=np.array([0.0, 1.0, 4.0, 5.0], "float32"), axis=1),
    case("trapezoid", f("bm"), dx=0.5, axis=0),
    case("corrcoef", f("bm")),
    case("segment_min", f("bm"), np.array([0, 1, 1]), num_segments=3, batch=False),
    case("segment_prod", f("bm"), np.array([0, 1, 1]), num_segments=3, batch=False),
    case("segment_sum", f("bm"), np.array([0, 1, 0]), num_segments=3, batch=False),
    case("segment_max", f("bm"), np.array([0, 1, 1]), num_segments=2, sorted=True, batch=False),
]

CREATION = [
    *[case(n, (2, 3)) for n in ("zeros", "ones", "empty")],
    *[case(n, 3, dtype="int32") for n in ("zeros", "ones", "eye", "identity", "tri")],
    case("full", (2, 3), 7),
    case("full", (2, 3), 7, dtype="int32"),
    case("eye", 3, 4, k=1),
    case("identity", 3),
    case("tri", 3, 4, k=-1),
    *[case(n, f("bm")) for n in ("zeros_like", "ones_like", "array")],
    *[case(n, i("bm"), dtype="float32") for n in ("zeros_like", "ones_like", "array")],
    case("full_like", f("bm"), 3),
    case("empty_like", i("bm"), dtype="float32"),
    case("logspace", 0, 3, 4),
    case("logspace", f("bm"), f("m"), num=3, base=2, axis=-1),
    case("geomspace", p("m"), p("bm"), num=3, endpoint=False),
    case("geomspace", 1, 1000, num=4, dtype="float32"),
    case("linspace", f("bm"), f("3m"), num=4, retstep=True),
    case("vander", f("m")),
    case("vander", i("m"), N=3, increasing=True),
    *[case(n, 5) for n in ("bartlett", "blackman", "hamming", "hanning")],
    case("kaiser", 6, 14.0),
    case("arange", 5),
    case("arange", 1, 7, 2),
    case("arange", 0.0, 1.0, 0.25),
    case("arange", 3, dtype="float32"),
    case("linspace", 0.0, 1.0, 5),
    case("linspace", f("m"), f("m"), num=3, endpoint=False, axis=-1),
    case("meshgrid", f("m"), f("n")),
    case("meshgrid", f("m"), f("n"), indexing="ij"),
]

SHAPING = [
    case("reshape", f("bm"), (-1, 2, 2)),
    case("reshape", f("bmn"), [-1, 24]),
    case("reshape", f("bm"), -1),
    case("ravel", f("bm")),
    case("squeeze", f("b1m")),
    case("squeeze", f("b1m"), axis=1),
    case("squeeze", f("b1m1"), axis=(1, 3)),
    case("expand_dims", f("bm"), 1),
    case("expand_dims", f("bm"), (0, -1)),
    case("broadcast_to", f("m"), (2, 3, 4)),
    case("size", f("bm")),
    case("transpose", f("bmn")),
    case("transpose", f("bmn"), axes=(0, 2, 1)),
    case("swapaxes", f("bmn"), 1, 2),
    case("moveaxis", f("bmn"), 0, -1),
    case("moveaxis", f("bmn"), (0, 1), (1, 0)),
    case("flip", f("bm")),
    case("flip", f("bm"), axis=1),
    case("fliplr", f("bm")),
    case("flipud", f("bm")),
    case("view", f("bm"), dtype="int32"),
    case("view", f("bm"), dtype="uint8"),
    case("view", i("bm"), dtype="int16"),
    case("roll", f("bm"), 2),
    case("roll", f("bm"), 2, axis=1),
    case("rot90", f("bm")),
    case("rot90", f("bmn"), k=2, axes=(1, 2)),
    case("rearrange", f("bmn"), "b m n -> b n m"),
    case("rearrange", f("bmn"), "b (x y) n -> b x (y n)", x=2),
    case("concatenate", [f("bm"), f("bn")], axis=1),
    case("concatenate", [f("bm"), i("bm")]),
    case("stack", [f("bm"), f("bm")], axis=-1),
    case("hstack", [f("bm"), f("bn")]),
    case("vstack", [f("bm"), f("bm")]),
    case("dstack", [f("bm"), f("3m"), f("3m1")]),
    case("concatenate", [f("bm"), f("3n")], axis=1),
    case("array_split", f("bn"), 4, axis=1),
    case("hsplit", f("bm"), 2),
    case("hsplit", f("m"), [1]),
    case("vsplit", f("mb"), 2),
    case("dsplit", f("bmn"), [2, 3]),
    case("append", f("bm"), f("bm")),
    case("append", f("bm"), f("bm"), axis=1),
    case("split", f("bm"), 2, axis=1),
    case("split", f("bn"), [1, 3], axis=-1),
    case("repeat", f("bm"), 2),
    case("repeat", f("bm"), 2, axis=1),
    case("repeat", f("bm"), np.array([1, 0, 2, 3]), axis=1),
    case("tile", f("bm"), 2),
    case("tile", f("bm"), (2, 1)),
    case("pad", f("bm"), ((0, 0), (1, 2))),
    case("pad", f("bm"), 1, constant_values=5.0),
    case("pad", f("bm"), ((0, 0), (1, 1)), mode="reflect"),
    case("unstack", f("bm"), axis=1),
]

INDEXING = [
    case("get_item", f("bm"), 1),
    case("get_item", f("bmn"), (Ellipsis, slice(1, None, 2))),
    case("get_item", f("bm"), (slice(None), None, 2)),
    case("take", f("bm"), i("3"), axis=1),
    case("take", f("bm"), [0, -1], axis=1),
    case("take", f("bm"), 3),
    case("take_along_axis", f("bm"), i("b1"), axis=1),
    case("where", t("bm"), f("bm"), f("m")),
    case("where", t("bm"), 1.0, 0),
    case("unravel_index", i("bm"), (3, 4)),
    case("where", t("bm"), jit=False),
    case("nonzero", i("bm"), jit=False),
    case("select", [t("bm"), t("bm")], [f("bm"), p("bm")], 9.0),
    case("slice", f("bm"), (1, 1), (2, -1), batch=False),
    case("slice", f("bmn"), (0, 1, 2), (2, 2, 3)),
    case("slice_update", f("m"), (1,), p("k")),
    case("scatter", np.array([[0], [2], [2]]), f("3m"), (4, 4)),
    *[
        case("scatter_update", f("mn"), np.array([[0, 1], [3, 2]]), p("k"), reduction=r)
        for r in (None, "add", "max", "min", "mul")
    ],
]

SORTING = [
    case("sort", f("bm")),
    case("sort", f("bm"), axis=0),
    case("argsort", f("bm")),
    case("argsort", f("bm"), axis=0),
    case("argpartition", f("bm"), 2),
    case("argpartition", f("mk"), 3, axis=None),
    case("top_k", f("bm"), 2),
    case("in_top_k", i("b"), f("bm"), 2),
    case("searchsorted", np.arange(4.0, dtype="float32"), f("bm")),
    case("searchsorted", np.arange(4), i("bm"), side="right"),
    case("digitize", f("bm"), np.array([-1.0, 0.0, 1.0], "float32")),
    case("isin", i("bm"), np.array([1, 3])),
    case("isin", i("bm"), np.array([1, 3]), invert=True),
    case("unique", i("bm"), jit=False),
    case("unique", i("bm"), return_index=True, return_inverse=True, return_counts=True, jit=False),
    case("unique", i("bm"), axis=1, jit=False),
    case("unique", i("bm"), size=5, fill_value=0),
    case("bincount", i("n"), jit=False),
    case("bincount", i("n"), minlength=9, jit=False),
    case("bincount", i("n"), weights=p("n"), jit=False, batch=False),
    case("histogram", f("n")),
    case("histogram", f("n"), bins=5, range=(-1.0, 1.0)),
]

PRODUCTS = [
    case("matmul", f("bm"), f("mn")),
    case("matmul", f("bmn"), f("bnk")),
    case("matmul", i("bm"), i("mn")),
    case("dot", f("bm"), f("mn")),
    case("inner", f("bm"), f("nm")),
    case("outer", f("m"), f("n")),
    case("vdot", f("mn"), f("mn")),
    case("tensordot", f("bmn"), f("mn")),
    case("tensordot", f("bmn"), f("nk"), axes=[[2], [0]]),
    case("einsum", "bmn,nk->bmk", f("bmn"), f("nk")),
    case("einsum", "...m,m->...", f("bm"), f("m")),
    case("cross", f("b3"), f("b3")),
    case("kron", f("bm"), f("k3")),
    case("correlate", f("n"), f("3")),
    case("correlate", f("n"), f("3"), mode="same"),
    case("correlate", i("3"), i("m"), mode="full"),
    case("cdist", f("bmk"), f("bnk")),
    case("diagflat", f("k3"), k=1),
    case("einsum", "bm,bmn->n", f("bm"), f("3mn")),
    case("inner", f("m"), f("bm")),
    case("trace", f("mm")),
    case("diag", f("m")),
    case("diag", f("mn"), k=1),
    case("diagonal", f("bmm"), axis1=1, axis2=2),
    case("tril", f("bmm")),
    case("triu", f("bmm"), k=1),
    case("slogdet", spd("bmm")),
    case("pinv", f("bmk")),
    case("matrix_rank", f("bmk")),
    case("cholesky_inverse", spd("mm")),
    case("cholesky_inverse", spd("mm"), upper=True),
    case("lu_factor", f("bmm")),
    case("eig", spd("bmm")),
    case("solve", spd("bmm"), f("bm"), keras=False),  # JAX takes b for a stack of matrices
    case("norm", f("bm")),
    case("norm", f("bm"), ord=1, axis=-1, keepdims=True),
    case("norm", i("bm"), axis=1),
    case("norm", f("bmn"), ord="fro", axis=(1, 2)),
    case("det", spd("bmm")),
    case("logdet", spd("bmm")),
    case("inv", spd("bmm")),
    case("cholesky", spd("bmm")),
    case("cholesky", spd("bmm"), upper=True),
    case("qr", f("bmk")),
    case("qr", f("bmk"), mode="complete"),
    case("svd", f("bmk")),
    case("svd", f("bmk"), full_matrices=False),
    case("svd", f("bmk"), compute_uv=False),
    case("eigh", spd("bmm")),
    case("solve", spd("bmm"), f("bmk")),
    case("solve_triangular", spd("bmm"), f("bmk"), lower=True),
    case("lstsq", f("mk"), f("m")),
]

ACTIVATIONS = [
    *[
        case(n, f("bm"))
        for n in (
            "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "softplus", "squareplus", "sparse_plus", "silu",
            "swish", "gelu", "hard_silu", "hard_swish", "glu", "sigmoid", "log_sigmoid", "hard_sigmoid",
            "sparse_sigmoid", "hard_tanh", "softsign", "hard_shrink", "soft_shrink", "tanh_shrink", "softmax",
            "log_softmax",
        )
    ],
    case("leaky_relu", f("bm"), negative_slope=0.3),
    case("elu", f("bm"), alpha=0.5),
    case("celu", f("bm"), alpha=0.5),
    case("gelu", f("bm"), approximate=False),
    case("glu", f("bmn"), axis=1),
    case("squareplus", f("bm"), b=2),
    case("threshold", f("bm"), 0.5, -1.0),
    case("softmax", f("bmn"), axis=(1, 2)),
    case("log_softmax", f("bmn"), axis=(-1, 1), keras=False),  # negative axes in a tuple
    case("softmax", f("bmn"), axis=1),
    case("sparsemax", f("bm"), keras=False),  # its rows don't add up to 1 (keras issue 23425)
    case("sparsemax", f("bmn"), axis=1, keras=False),
]  # fmt: skip

NN = [
    case("one_hot", i("bm"), 4),
    case("one_hot", i("bm"), 3, axis=1, dtype="int32"),
    case("multi_hot", i("bm"), 4),
    case("multi_hot", i("m"), 4, dtype="bool"),
    case("binary_crossentropy", t("bm"), u("bm")),
    case("binary_crossentropy", p("bm"), f("bm"), from_logits=True),
    case("categorical_crossentropy", p("bm"), p("bm")),
    case("categorical_crossentropy", p("bm"), f("bm"), from_logits=True),
    case("categorical_crossentropy", p("bmn"), p("bmn"), axis=1),
    case("sparse_categorical_crossentropy", i("b"), p("bm")),
    case("sparse_categorical_crossentropy", i("b1"), f("bm"), from_logits=True),
    case("ctc_loss", i("bk"), f("bm8"), np.array([2, 1, 2]), np.array([4, 3, 4]), batch=False),
    case("ctc_decode", f("bm8"), np.array([4, 3, 4])),
    case("ctc_decode", f("bm3"), np.array([4, 3, 4]), strategy="beam_search", beam_width=5, top_paths=2),
    case("moments", f("bmn"), axes=[0, 1]),
    case("moments", f("bmn"), axes=(1,), keepdims=True),
    case("batch_normalization", f("bm"), f("m"), p("m"), -1),
    case("batch_normalization", f("bmn"), f("m"), p("m"), 1, offset=f("m"), scale=p("m"), epsilon=0.1),
    case("dense", f("bm"), f("mn"), f("n"), keras=False),
    case("dense", f("bmn"), f("nk"), keras=False),
    case("layer_normalization", f("bm")),
    case("layer_normalization", f("bmn"), gamma=f("mn"), beta=f("mn"), axis=[1, 2], epsilon=0.01),
    case("layer_normalization", f("bmn"), gamma=f("m"), beta=f("m"), axis=1),
    case("layer_normalization", f("bm"), gamma=f("m"), beta=f("m")),
    case("rms_normalization", f("bm")),
    case("rms_normalization", f("bmn"), scale=f("n"), axis=(1, 2), epsilon=0.01),
    case("normalize", f("bm")),
    case("normalize", f("bmn"), axis=1, order=1),
    case("normalize", f("bm"), order=3, epsilon=0.1),
    case("psnr", u("bm"), u("bm"), 1.0),
    case("polar", p("bm"), f("bm")),
    case("dot_product_attention", f("bmk8"), f("bnk8"), f("bnk8")),
    case("dot_product_attention", f("bmk8"), f("bmk8"), f("bmk8"), is_causal=True, scale=0.3),
    case("dot_product_attention", f("bmk8"), f("bnk8"), f("bnk8"), bias=f("1kmn"), mask=t("b1mn")),
]

WINDOWS = [
    case("conv", f("bnm"), f("3mk")),
    case("conv", f("bnmk"), f("3kkm"), strides=(2, 1), padding="same"),
    case("conv", f("bmn8"), f("3km3"), data_format="channels_first", dilation_rate=2),
    case("max_pool", f("bnmk"), 2, keras=False),  # fails without strides
    case("max_pool", f("bnmk"), (3, 2), strides=1, padding="same"),
    case("average_pool", f("bnm"), 3, strides=2),
    case("average_pool", f("bmn8"), 2, strides=2, data_format="channels_first"),
    case("average_pool", f("bnmk"), 3, strides=2, padding="same"),
    # other ways to the same numbers, within roundings: tests/parity/test_convolution.py
    case("conv_transpose", f("bnk"), f("3mk"), strides=2, keras=False),
    case("depthwise_conv", f("bnmk"), f("33k1"), keras=False),
    case("separable_conv", f("bnk"), f("3k1"), f("1km"), keras=False),
    case("adaptive_average_pool", f("bnmk"), (3, 2), keras=False),
    case("adaptive_max_pool", f("bnmk"), (4, 3), keras=False),
]

AFFINE = np.array(
    [[0.9, 0.1, 0.5, -0.2, 1.1, 0.3, 0, 0], [1, 0, 2, 0, 1, -1, 0, 0], [0, 1, 0, 1, 0, 0, 0, 0]], "float32"
)
CORNERS = np.array([[0, 0], [5, 0], [0, 3], [5, 3]], "float32")

SIGNALS = [
    *[case(n, (f("bmn"), f("bmn"))) for n in ("fft", "fft2", "ifft2", "irfft")],
    case("rfft", f("bm")),
    case("rfft", f("bm"), fft_length=6),
    case("irfft", (f("bm"), f("bm")), fft_length=5),
    case("extract_sequences", f("bn"), 3, 2),
    case("extract_sequences", i("n"), 2, 1),
    case("stft", f("b8"), 4, 2, 6),
    case("stft", f("b8"), 3, 1, 4, window="hamming", center=False),
    case("stft", f("8"), 4, 2, 4, window=None),
    case("istft", (f("bm3"), f("bm3")), 4, 2, 4),
    case("istft", (f("bm3"), f("bm3")), 3, 2, 4, length=5, window="hamming", center=False),
    case("istft", (f("m3"), f("m3")), 4, 1, 4, window=np.ones(4, "float32")),
    case("view_as_complex", f("bmk")),
    case("view_as_real", COMPLEX),
]

PATCHES = [
    case("unfold", f("bkmn"), 2),
    case("unfold", f("bkmn"), (2, 3), dilation=(1, 2), padding=1, stride=2),
    case("fold", f("b8n"), (3, 4), 2),
    case("fold", f("b8m"), 3, 2, padding=1, stride=2),
    case("depth_to_space", f("bk38"), 2),
    case("depth_to_space", f("b8k3"), 2, data_format="channels_first"),
    case("space_to_depth", f("bmn3"), 2),
    case("space_to_depth", f("b3mn"), 2, data_format="channels_first"),
]

IMAGES = [
    *[
        case("image.resize", f("bmn3"), (5, 3), interpolation=method)
        for method in ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
    ],
    case("image.resize", f("mn3"), (3, 3), antialias=True),
    case("image.resize", i("b3mn"), (3, 5), data_format="channels_first"),
    case("image.resize", f("bmn3"), (4, 4), crop_to_aspect_ratio=True),
    case("image.resize", i("bmn3"), (2, 8), pad_to_aspect_ratio=True, fill_value=2.0),
    case("image.resize", f("3nm"), (8, 8), pad_to_aspect_ratio=True, data_format="channels_first"),
    case("image.scale_and_translate", f("mn3"), (3, 8, 3), p("k"), f("k"), (0, 1), "linear"),
    case("image.rgb_to_grayscale", p("bmn3")),
    case("image.rgb_to_grayscale", i("3mn"), data_format="channels_first"),
    *[case(n, p("bmn3")) for n in ("image.rgb_to_hsv", "image.hsv_to_rgb")],
    *[case(n, p("3mn"), data_format="channels_first") for n in ("image.rgb_to_hsv", "image.hsv_to_rgb")],
    case("image.affine_transform", f("bmn3"), AFFINE, keras=False),  # the last bit: Keras uses a matrix product
    case("image.affine_transform", f("3mn"), AFFINE[1], "nearest", "reflect", data_format="channels_first"),
    case("image.affine_transform", f("mn1"), AFFINE[1], fill_value=7.0),
    case("image.perspective_transform", f("mn3"), CORNERS, CORNERS + np.array([[0.5, 1.0]], "float32")),
    case("image.perspective_transform", f("b3mn"), np.stack([CORNERS] * 3), np.stack([CORNERS * 0.9] * 3),
         "nearest", 5.0, "channels_first"),
    case("image.map_coordinates", f("mn"), p("kb"), 1),
    case("image.map_coordinates", f("mn"), f("kb"), 0, "wrap"),
    case("image.elastic_transform", f("bmn3"), seed=3, batch=False),
    case("image.elastic_transform", f("3mn"), alpha=2.0, sigma=1.0, seed=3, data_format="channels_first", batch=False),
    case("image.gaussian_blur", f("bmn3"), data_format="channels_last"),
    case("image.gaussian_blur", f("3mn"), (5, 3), (2.0, 0.5), data_format="channels_first"),
    case("image.sobel_edges", f("bmn3")),
    case("image.sobel_edges", f("b3mn"), data_format="channels_first"),
    case("image.ssim", p("b883"), p("b883"), filter_size=5),
    case("image.ssim", p("388"), p("388"), max_val=2.0, filter_size=3, data_format="channels_first"),
    case("image.pad_images", f("bmn3"), top_padding=1, bottom_padding=2, left_padding=0, target_width=9),
    case("image.crop_images", f("3mn"), 1, 2, target_height=2, target_width=3, data_format="channels_first"),
    case("image.extract_patches", f("bmn3"), 2),
    case("image.extract_patches", f("bmn3"), (3, 2), strides=1, padding="same", dilation_rate=2),
    case("image.extract_patches", f("3mn"), (2, 3), strides=(1, 2), data_format="channels_first"),
    case("image.extract_patches_3d", f("bmnk1"), 2),
]  # fmt: skip

CORE = [
    case("convert_to_tensor", f("bm")),
    case("convert_to_tensor", i("bm"), dtype="float32"),
    case("cast", f("bm"), "int32"),
    case("cast", f("bm"), "bfloat16"),
    case("saturate_cast", f("bm"), "uint8"),
    case("saturate_cast", i("bm"), "float16", keras=False),  # warns of an overflow
    case("stop_gradient", f("bm")),
    case("map", lambda row: row * 2, f("bm")),
    case("vectorized_map", lambda row: row.sum(), f("bm")),
    case("scan", lambda total, x: (total + x, total * x), f("m"), f("bm")),
    case("associative_scan", lambda a, b: a + b, f("bm"), axis=1),
    case("fori_loop", 0, 3, lambda _, x: x * 2, f("bm")),
    case("while_loop", lambda x, n: n < 3, lambda x, n: (x * 2, n + 1), (f("bm"), 0)),
    case("while_loop", lambda x: x.sum() < 100, lambda x: [x + 1], [f("bm")], maximum_iterations=2),
    case("switch", 1, [lambda x: x + 1, lambda x: x * 3], f("bm")),
    case("cond", True, lambda: 1.0, lambda: 2.0),
    case("jvp", lambda x, y: x * y, (f("bm"), f("m")), (f("bm"), f("m"))),
    case("slice", f("bm"), (0, 1), (3, -1), batch=False),
    case("reshape", f("bm"), np.array([2, 6]), jit=False, batch=False),
]

FAMILIES = [
    UNARY, BINARY, REDUCTIONS, CREATION, SHAPING, INDEXING, SORTING, PRODUCTS, ACTIVATIONS, NN, WINDOWS, SIGNALS, PATCHES,
    IMAGES, CORE,
]  # fmt: skip
CASES = [case for family in FAMILIES for case in family]
