"""Row A4: everything becomes a vector first: pixels, words as word vectors, sound as frequencies.

Source: D2 (002_1a8456b54e16ef06), "Vector & Matrix": inputs of many kinds are brought into one form.
"""

import keras
import numpy as np

from jaxnn import layers

RANDOM = np.random.RandomState(0)


def test_a4_pixels_become_a_vector():
    image = RANDOM.randint(0, 256, (1, 4, 5, 3)).astype("float32")
    vector = np.asarray(layers.Flatten()(layers.Rescaling(1 / 255)(image)))
    np.testing.assert_allclose(vector, image.reshape(1, 60) / 255, rtol=1e-6)


def test_a4_words_become_numbers_and_numbers_word_vectors():
    texts = ["it will rain", "it will not rain today"]
    vectorize = layers.TextVectorization(output_sequence_length=5, vocabulary=["it", "will", "rain", "not"])
    numbers = np.asarray(vectorize(np.array(texts)))
    # 0 pads, 1 stands for a word that isn't in the list
    np.testing.assert_array_equal(numbers, [[2, 3, 4, 0, 0], [2, 3, 5, 4, 1]])
    embedding = layers.Embedding(6, 3)
    vectors = np.asarray(embedding(numbers))
    assert vectors.shape == (2, 5, 3)
    table = embedding.get_weights()[0]
    np.testing.assert_array_equal(vectors, table[numbers])
    # which is a one-hot row times the table: a Dense layer without a bias
    np.testing.assert_allclose(vectors, np.eye(6)[numbers] @ table, rtol=1e-6)


def test_a4_sound_becomes_frequencies():
    rate, pitch = 8000, 1000
    t = np.arange(rate // 4) / rate
    sound = np.sin(2 * np.pi * pitch * t).astype("float32")[None, :, None]
    settings = {"frame_length": 256, "frame_step": 128, "fft_length": 256}
    spectrum = np.asarray(layers.STFTSpectrogram(mode="magnitude", **settings)(sound))
    assert spectrum.shape[0] == 1
    assert spectrum.shape[-1] == 129  # 0 to 4000 Hz in steps of 8000 / 256
    assert set(spectrum[0].argmax(axis=-1)) == {round(pitch * 256 / rate)}  # one tone, in every frame
    theirs = keras.layers.STFTSpectrogram(mode="magnitude", **settings)(sound)
    np.testing.assert_allclose(spectrum, theirs, rtol=1e-4, atol=1e-3)
