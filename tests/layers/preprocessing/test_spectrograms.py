import jax
import numpy as np
import pytest

from jaxnn import layers

TIME = np.arange(512) / 512
TONE = np.sin(2 * np.pi * 64 * TIME).astype("float32")  # 64 periods: band 8 of 64 samples a frame


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_a_tone_is_loudest_in_its_band(padding):
    layer = layers.STFTSpectrogram(mode="magnitude", frame_length=64, padding=padding)
    spectrogram = np.asarray(layer(TONE[None, :, None]))
    assert spectrogram.shape == (1, 15 if padding == "valid" else 16, 33)
    assert (spectrogram[0, 1:-1].argmax(-1) == 8).all()


def test_the_parts_belong_together():
    x = np.random.default_rng(0).normal(size=(2, 100, 2)).astype("float32")

    def spectrogram(mode):
        return np.asarray(layers.STFTSpectrogram(mode=mode, frame_length=16, expand_dims=True)(x))

    real, imag = spectrogram("real"), spectrogram("imag")
    close = {"rtol": 1e-4, "atol": 1e-5}  # float32 sums of 16 terms, squared
    np.testing.assert_array_equal(spectrogram("stft"), np.concatenate([real, imag], axis=2))
    np.testing.assert_allclose(spectrogram("angle"), np.arctan2(imag, real), **close)
    power = real**2 + imag**2
    np.testing.assert_allclose(spectrogram("psd")[:, :, 1:-1], 2 * power[:, :, 1:-1], **close)
    np.testing.assert_allclose(spectrogram("psd")[:, :, [0, -1]], power[:, :, [0, -1]], **close)
    np.testing.assert_allclose(np.exp(spectrogram("log")), spectrogram("magnitude"), rtol=1e-4)


def test_kernels_are_numpy_s_transform():
    layer = layers.STFTSpectrogram(mode="stft", frame_length=8, window=None, scaling=None)
    frame = np.random.default_rng(0).normal(size=8).astype("float32")
    expected = np.fft.rfft(frame)
    np.testing.assert_allclose(layer(frame[None, :, None])[0, 0], [*expected.real, *expected.imag], atol=1e-5)


def test_kernels_are_trained_unless_frozen():
    layer = layers.STFTSpectrogram(mode="real", frame_length=8)
    layer(TONE[None, :, None])
    assert [w.name for w in layer.trainable_weights] == ["real_kernel"]
    assert layers.STFTSpectrogram(trainable=False).trainable_weights == []


def test_mel_bands_follow_a_tone():
    layer = layers.MelSpectrogram(fft_length=256, sequence_stride=64, sampling_rate=8000, num_mel_bins=20)
    seconds = np.arange(4000) / 8000
    loudest = [int(np.asarray(layer(np.sin(2 * np.pi * f * seconds)))[:, 10].argmax()) for f in (300, 1000, 3000)]
    assert loudest == sorted(loudest)
    assert len(set(loudest)) == 3
    matrix = np.asarray(layer.linear_to_mel_weight_matrix(20, 129, 8000, 20, 4000))
    assert matrix.shape == (129, 20)
    assert (matrix[0] == 0).all()
    assert (matrix.sum(1)[10:110] <= 1 + 1e-5).all()  # neighbours overlap by halves


def test_decibels_are_cut_below_the_loudest():
    layer = layers.MelSpectrogram(fft_length=64, sequence_stride=16, num_mel_bins=4, top_db=30.0)
    y = np.asarray(layer(TONE))
    np.testing.assert_allclose(y.max() - y.min(), 30.0, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(layer)(TONE), y, rtol=1e-5, atol=1e-4)


def test_what_does_not_fit_is_told():
    make = layers.STFTSpectrogram
    for arguments, message in [
        ({"frame_step": 300}, "`frame_step` should be a positive integer not greater than `frame_length`"),
        ({"fft_length": 128}, "`fft_length` should be not less than `frame_length`"),
        ({"mode": "db"}, "Output mode is invalid, it must be one of log, magnitude"),
        ({"scaling": "loud"}, "Scaling is invalid"),
        ({"padding": "causal"}, "Padding is invalid"),
        ({"window": "glass"}, "[Uu]nknown window|Invalid"),
    ]:
        with pytest.raises(ValueError, match=message):
            make(**arguments)
    with pytest.warns(UserWarning, match="recommended to be a power of two"):
        make(frame_length=6, fft_length=6)
    with pytest.raises(TypeError, match="Invalid input type"):
        make(frame_length=8)(np.ones((1, 16, 1), "int32"))
    with pytest.raises(ValueError, match="`fft_length` must be greater than or equal to `sequence_length`"):
        layers.MelSpectrogram(fft_length=8, sequence_length=16)
