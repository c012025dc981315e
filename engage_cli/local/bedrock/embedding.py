"""A text embedding without a model: hashed words and character n-grams, weighted and normalised.

It is **lexical, not semantic**: two texts are close when they share words, word pairs or parts of words
("churned", "churn"), never because they mean the same in other words. That is enough to find the passage
of our own documents that a question is about, and the same text always gives the same vector on every
machine. On AWS the same calls are answered by Titan Text Embeddings V2, which is semantic.

Weighting: sublinear term frequency, 1 + ln(tf) (Manning, Raghavan & Schütze, Introduction to Information
Retrieval, 2008, section 6.4.1); feature hashing with a sign bit (Weinberger et al., 2009).
"""

import hashlib
import itertools
import math
import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = (256, 512, 1024)
MAX_CHARACTERS = 50_000

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
# Words that carry no topic: without them "what is the ..." would be near every text.
_STOP_WORDS_TEXT = """
a an and are as at be been but by can could did do does for from had has have how i if in into is it its
me my no not of on or our should so than that the their them then there these they this to was we were
what when where which who why will with would you your
"""
STOP_WORDS = frozenset(_STOP_WORDS_TEXT.split())
_WORD_WEIGHT, _PAIR_WEIGHT, _GRAM_WEIGHT = 1.0, 0.6, 0.25
_SUFFIXES = ("ations", "ation", "ings", "ing", "edly", "ies", "ed", "es", "ly", "s")


def words(text: str) -> list[str]:
    """Return the lower-case words of `text`, stop words left out."""
    return [word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


def stem(word: str) -> str:
    """Cut the commonest English endings, so that "predictions" meets "prediction"."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word


def count_tokens(text: str) -> int:
    """Return an approximate token count: one for each four characters, at least one a word.

    Bedrock bills by the model's own tokenizer, which cannot be had locally; four characters a token is
    the rule of thumb for English text.
    """
    return max(len(_WORD.findall(text.lower())), math.ceil(len(text) / 4)) if text else 0


def embed(text: str, dimensions: int = 1024, *, normalize: bool = True) -> NDArray[np.float32]:
    """Return the embedding of `text`, shape (dimensions,), float32, of length 1 when `normalize`.

    A text without a single letter or digit gives the first unit vector: S3 Vectors refuses the zero vector
    under the cosine metric.
    """
    if dimensions not in DIMENSIONS:
        raise ValueError(f"dimensions must be one of {', '.join(map(str, DIMENSIONS))}, not {dimensions}")
    vector = np.zeros(dimensions, dtype=np.float64)
    for feature, (frequency, weight) in _features(text).items():
        digest = hashlib.blake2b(feature.encode(), digest_size=8).digest()
        position = int.from_bytes(digest[:4], "little") % dimensions
        sign = 1.0 if digest[4] & 1 else -1.0
        vector[position] += sign * weight * (1.0 + math.log(frequency))
    length = float(np.linalg.norm(vector))
    if length == 0.0:
        vector[0], length = 1.0, 1.0
    return (vector / length if normalize else vector).astype(np.float32)


def _features(text: str) -> dict[str, tuple[int, float]]:
    stems = [stem(word) for word in words(text)]
    counts: Counter[tuple[str, float]] = Counter()
    for one in stems:
        counts[f"w:{one}", _WORD_WEIGHT] += 1
        padded = f"^{one}$"
        for start in range(len(padded) - 3):
            counts[f"g:{padded[start : start + 4]}", _GRAM_WEIGHT] += 1
    for first, second in itertools.pairwise(stems):
        counts[f"p:{first} {second}", _PAIR_WEIGHT] += 1
    return {feature: (count, weight) for (feature, weight), count in counts.items()}
