"""The local image registry: directories `<images>/<repository>/<tag>/` with an `image.json`."""

import json
from pathlib import Path
from typing import Any


class ImageNotFoundError(Exception):
    """An image that no one has put into the local registry."""


class Images:
    """The part of docker-py's image collection that MiniStack uses."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, name: str) -> dict[str, Any]:
        """The image's `image.json`. Raises ImageNotFoundError."""
        return load_manifest(image_directory(self._directory, name), name)

    def pull(self, name: str, **_: Any) -> dict[str, Any]:
        """The local registry is the only one there is."""
        return self.get(name)


def image_directory(images: Path, reference: str) -> Path:
    """Where `<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>` is kept.

    Raises ImageNotFoundError for a reference that would lead out of `images`.
    """
    repository, _, tag = reference.partition("@")[0].rpartition(":")
    if not repository or "/" in tag:
        repository, tag = reference, "latest"
    if ".amazonaws.com/" in repository:
        repository = repository.partition("/")[2]
    directory = (images / repository / tag).resolve()
    if not directory.is_relative_to(images.resolve()):
        raise ImageNotFoundError(f"{reference}: not a valid image reference")
    return directory


def load_manifest(directory: Path, reference: str) -> dict[str, Any]:
    """The `image.json` of an image. Raises ImageNotFoundError naming the image."""
    try:
        manifest = json.loads((directory / "image.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ImageNotFoundError(
            f"pull image manifest has been retried 1 time(s): {reference}: not found"
        ) from None
    except ValueError as error:
        raise ImageNotFoundError(f"{reference}: its image.json is damaged: {error}") from error
    if not isinstance(manifest, dict) or not manifest.get("entrypoint"):
        raise ImageNotFoundError(f"{reference}: its image.json names no entrypoint")
    return manifest
