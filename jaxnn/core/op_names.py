"""What Keras calls the operation of each `keras.ops` function, so that graphs travel in files.

`ops.sum(x, axis=1)` in a graph is, in a config, an operation `Sum` of the module `keras.src.ops.numpy` with the setting
`axis`, called with the tensor `x`. Which arguments are settings and which are tensors is a matter of their names, but
for the few exceptions below.
"""

from __future__ import annotations

_MODULES = {
    "core": "associative_scan cast cond convert_to_tensor fori_loop map saturate_cast scan scatter scatter_update slice "
    "slice_update stop_gradient switch unstack vectorized_map while_loop",
    "einops": "rearrange",
    "image": "affine_transform crop_images elastic_transform extract_patches extract_patches_3d gaussian_blur hsv_to_rgb "
    "map_coordinates pad_images perspective_transform resize rgb_to_grayscale rgb_to_hsv scale_and_translate sobel_edges "
    "ssim",
    "linalg": "cholesky cholesky_inverse det eig eigh inv jvp lstsq lu_factor matrix_rank norm pinv qr solve "
    "solve_triangular svd",
    "math": "cdist erf erfc erfinv extract_sequences fft fft2 ifft2 in_top_k irfft istft logdet logsumexp rfft rsqrt "
    "segment_max segment_min segment_prod segment_sum stft top_k view_as_complex view_as_real",
    "nn": "adaptive_average_pool adaptive_max_pool average_pool batch_normalization binary_crossentropy "
    "categorical_crossentropy celu conv conv_transpose ctc_decode ctc_loss depth_to_space depthwise_conv "
    "dot_product_attention elu fold gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh layer_normalization leaky_relu "
    "log_sigmoid log_softmax max_pool moments multi_hot normalize one_hot polar psnr relu relu6 rms_normalization selu "
    "separable_conv sigmoid silu soft_shrink softmax softplus softsign space_to_depth sparse_categorical_crossentropy "
    "sparse_plus sparse_sigmoid sparsemax squareplus tanh_shrink threshold unfold",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}
_CLASSES = {
    "allclose": "AllClose", "batch_normalization": "BatchNorm", "cdist": "CDist", "ctc_decode": "CTCDecode",
    "ctc_loss": "CTCLoss", "extract_patches_3d": "ExtractPatches3D", "fft": "FFT", "fft2": "FFT2",
    "hsv_to_rgb": "HSVToRGB", "ifft2": "IFFT2", "irfft": "IRFFT", "isin": "IsIn", "istft": "ISTFT", "jvp": "JVP",
    "layer_normalization": "LayerNorm", "psnr": "PSNR", "rfft": "RFFT", "rgb_to_grayscale": "RGBToGrayscale",
    "rgb_to_hsv": "RGBToHSV", "rms_normalization": "RMSNorm", "searchsorted": "SearchSorted", "ssim": "SSIM",
    "stft": "STFT", "svd": "SVD",
}  # fmt: skip
_TENSOR_NAMES = (
    "a abs_ angle array axes_lengths b beta bias branches choicelist condition condlist constant_values coordinates data "
    "default depthwise_kernel elements elems end_points f false_fn fun gamma image1 image2 images index indices init "
    "init_val inputs kernel key loop_vars mask mean operands output output_length output_shape pattern pointwise_kernel "
    "pred predictions primals q query scale segment_ids sequence_lengths sorted_sequence start start_indices start_points "
    "step stop tangents target target_length targets tensor transform translation true_fn updates value values variable "
    "variance weights x x1 x2 xs y"
)
_TENSORS = frozenset(_TENSOR_NAMES.split())
_EXCEPTIONS = {
    ("batch_normalization", "offset"): True,
    ("bincount", "weights"): False,
    ("digitize", "bins"): True,
    ("full", "fill_value"): True,
    ("full_like", "fill_value"): True,
    ("isclose", "atol"): True,
    ("isclose", "rtol"): True,
    ("squareplus", "b"): False,
    ("trapezoid", "x"): False,
}


def class_of(function: str) -> tuple[str, str]:
    """The module and class of a function's operation: `("keras.src.ops.numpy", "ExpandDims")`."""
    name = _CLASSES.get(function) or "".join(word.capitalize() for word in function.split("_"))
    return f"keras.src.ops.{_MODULE_OF.get(function, 'numpy')}", name


def is_tensor(function: str, argument: str) -> bool:
    """Whether an argument goes into the operation's call; if not, it is a setting."""
    return _EXCEPTIONS.get((function, argument), argument in _TENSORS)
