"""A question that is taken apart: what is recognised is cut out, what is left over is not understood."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

CUT = "~"
"""Stands in the text for what was recognised there."""


@dataclass
class Text:
    """The text that is still to be understood."""

    rest: str

    def take(self, pattern: str) -> re.Match[str] | None:
        """Cut out the first match of a pattern."""
        found = re.search(pattern, self.rest)
        if found:
            self.rest = f"{self.rest[: found.start()]} {CUT} {self.rest[found.end() :]}"
        return found

    def take_word(self, words: Iterable[str]) -> str | None:
        """Take the longest of `words` that occurs; words do not match inside other words."""
        for word in sorted(words, key=len, reverse=True):
            if self.take(alone(spelled(word))):
                return word
        return None

    def has(self, words: Iterable[str]) -> bool:
        return any(re.search(alone(spelled(word)), self.rest) for word in words)


def normal(question: str) -> str:
    """A question in lower case, without punctuation that carries no meaning."""
    text = question.lower().replace("’", "'")
    text = re.sub(r"[?!;:\"“”()\[\]]", " ", text)
    text = re.sub(r"(?<!\d)[.,]|[.,](?!\d)", " , ", text)
    return re.sub(r"\s+", " ", text).strip()


def spelled(words: str) -> str:
    """A pattern for words however they are joined: "paid search", "paid-search", "paid_search"."""
    return re.sub(r"(?:\\?[ _-])+", "[ _-]+", re.escape(words))


def alone(pattern: str) -> str:
    """The pattern as whole words only."""
    return rf"(?<![\w-]){pattern}(?![\w-])"


def first(text: str, words: Iterable[str]) -> int:
    """Where the first of `words` stands in a normal text; its end when none does."""
    found = (re.search(alone(spelled(word)), text) for word in words)
    return min((match.start() for match in found if match), default=len(text))
