"""Keras 2's Tokenizer and its functions."""

import numpy as np
import pytest

from jaxnn.preprocessing.text import Tokenizer, hashing_trick, one_hot, text_to_word_sequence, tokenizer_from_json

TEXTS = ["the cat sat", "The cat, the dog!"]


def test_words_are_parted_by_blanks_and_punctuation():
    assert text_to_word_sequence("To be, or\tnot!") == ["to", "be", "or", "not"]
    assert text_to_word_sequence("A-b C", filters="", lower=False) == ["A-b", "C"]
    assert text_to_word_sequence("a1b1", split="1") == ["a", "b"]


def test_frequent_words_get_small_numbers():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(TEXTS)
    assert tokenizer.word_index == {"the": 1, "cat": 2, "sat": 3, "dog": 4}
    assert (dict(tokenizer.word_counts), dict(tokenizer.word_docs)["the"], tokenizer.document_count) == (
        {"the": 3, "cat": 2, "sat": 1, "dog": 1},
        2,
        2,
    )
    assert tokenizer.texts_to_sequences(["dog the bird"]) == [[4, 1]]
    assert tokenizer.sequences_to_texts([[4, 1, 9]]) == ["dog the"]


def test_rare_and_unknown_words_are_left_out_or_get_a_token():
    def sequences(**kwargs):
        tokenizer = Tokenizer(num_words=3, **kwargs)
        tokenizer.fit_on_texts(TEXTS)
        return tokenizer.texts_to_sequences(["the cat sat bird"])

    assert sequences() == [[1, 2]]
    assert sequences(oov_token="?") == [[2, 1, 1, 1]]


def test_matrices_by_hand():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(TEXTS)

    def row(mode):
        return tokenizer.texts_to_matrix(["the the cat"], mode)[0].tolist()

    assert row("binary") == [0, 1, 1, 0, 0]
    assert row("count") == [0, 2, 1, 0, 0]
    assert row("freq") == [0, 2 / 3, 1 / 3, 0, 0]
    idf = np.log(1 + 2 / 3)  # two documents, both have both words
    assert row("tfidf") == [0, (1 + np.log(2)) * idf, idf, 0, 0]
    assert tokenizer.sequences_to_matrix([[]]).tolist() == [[0] * 5]


def test_characters_lists_and_analyzers():
    tokenizer = Tokenizer(char_level=True)
    tokenizer.fit_on_texts(["Aab"])
    assert tokenizer.word_index == {"a": 1, "b": 2}
    tokenizer = Tokenizer(analyzer=lambda text: text.split("-"))
    tokenizer.fit_on_texts(["x-y", ["X", "z"]])
    assert tokenizer.word_index == {"x": 1, "y": 2, "z": 3}


def test_a_tokenizer_comes_back_from_json_and_learns_on():
    tokenizer = Tokenizer(num_words=9, oov_token="?")
    tokenizer.fit_on_texts(TEXTS)
    again = tokenizer_from_json(tokenizer.to_json(indent=1))
    assert again.get_config() == tokenizer.get_config()
    again.fit_on_texts(["new words"])
    assert again.word_index["new"] == 6


def test_counts_of_documents_from_sequences():
    tokenizer = Tokenizer(num_words=4)
    tokenizer.fit_on_sequences([[1, 1, 2], [1]])
    assert (tokenizer.document_count, dict(tokenizer.index_docs)) == (2, {1: 2, 2: 1})
    assert tokenizer.sequences_to_matrix([[2]], "tfidf")[0, 2] == np.log(1 + 2 / 2)


def test_hashes_are_above_zero_and_below_n():
    assert hashing_trick("a b a", 7, "md5")[0] == hashing_trick("a", 7, "md5")[0]
    assert all(0 < i < 7 for i in one_hot("many words and more", 7))
    assert hashing_trick("aa b", 9, len) == [3, 2]


def test_what_is_refused():
    with pytest.raises(TypeError, match=r"Unrecognized keyword arguments: \{'num_word': 3\}. Did you mean 'num_words'"):
        Tokenizer(num_word=3)
    with pytest.warns(UserWarning, match="`nb_words` has been renamed"):
        assert Tokenizer(nb_words=3).num_words == 3
    with pytest.raises(ValueError, match="Specify a dimension"):
        Tokenizer().sequences_to_matrix([[1]])
    with pytest.raises(ValueError, match="before using tfidf mode"):
        Tokenizer(3).sequences_to_matrix([[1]], "tfidf")
    with pytest.raises(ValueError, match="`mode` must be one of 'binary', 'count', 'freq', 'tfidf'"):
        Tokenizer(3).sequences_to_matrix([[1]], "both")
