"""Splitting of documents into chunks, as a knowledge base's chunking configuration says."""

import re
from typing import Any

from engage_cli.local.bedrock.embedding import count_tokens
from engage_cli.local.bedrock.errors import validation

DEFAULT_TOKENS, DEFAULT_OVERLAP = 300, 20
# A chunk keeps sentences, list items, table rows and headings whole.
_PIECE = re.compile(r".+?(?:[.!?](?=\s+[A-Z*`])|\n|$)\s*", re.DOTALL)


def settings(configuration: dict[str, Any] | None) -> tuple[int, int] | None:
    """Return (most tokens a chunk, overlap in per cent); None for one chunk a document."""
    chunking = (configuration or {}).get("chunkingConfiguration") or {}
    strategy = chunking.get("chunkingStrategy")
    if strategy == "NONE":
        return None
    if strategy == "FIXED_SIZE":
        fixed = chunking.get("fixedSizeChunkingConfiguration") or {}
        return int(fixed.get("maxTokens") or DEFAULT_TOKENS), int(
            fixed.get("overlapPercentage") or DEFAULT_OVERLAP
        )
    if strategy is None:
        return DEFAULT_TOKENS, DEFAULT_OVERLAP
    raise validation(f"The chunking strategy {strategy} is not offered locally: use FIXED_SIZE or NONE.")


def split(text: str, limits: tuple[int, int] | None) -> list[str]:
    """Split `text` into chunks of at most the given tokens (a longer sentence stays whole), with overlap."""
    if limits is None or not text.strip():
        return [text.strip()] if text.strip() else []
    most, overlap = limits
    pieces = [match.group(0) for match in _PIECE.finditer(text) if match.group(0).strip()]
    chunks: list[str] = []
    current: list[str] = []
    for piece in pieces:
        if current and count_tokens("".join([*current, piece])) > most:
            chunks.append("".join(current).strip())
            current = _tail(current, most * overlap // 100)
        current.append(piece)
    chunks.append("".join(current).strip())
    return chunks


def _tail(pieces: list[str], tokens: int) -> list[str]:
    kept: list[str] = []
    for piece in reversed(pieces):
        if count_tokens("".join([piece, *kept])) > tokens:
            break
        kept.insert(0, piece)
    return kept
