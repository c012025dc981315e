"""The registry of models in the lake bucket: reading it, and moving the champion pointer."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from engage_ml.contract import ContractError
from engage_ml.pointer import CHAMPION_KEY, Champion, parse

from engage_cli.aws.objects import ObjectReader, ObjectStore
from engage_cli.errors import CloudError

_MODELS = "models/"
_READERS = 8


class ModelReader:
    """Reads versions, their cards, the champion pointer and what the monitor found."""

    def __init__(self, lake: ObjectReader) -> None:
        self._lake = lake

    def versions(self) -> list[str]:
        """Return the complete versions, newest first (they are named by time)."""
        keys = self._lake.keys(_MODELS)
        return sorted((key.split("/")[1] for key in keys if key.endswith("/model.json")), reverse=True)

    def documents(self, versions: list[str]) -> Iterator[dict[str, Any]]:
        """Yield the `model.json` of each version that has one, in the given order."""
        with ThreadPoolExecutor(max_workers=_READERS) as pool:
            for found in pool.map(self.document, versions):
                if found is not None:
                    yield found

    def document(self, version: str) -> dict[str, Any] | None:
        """Return the `model.json` of a version, or None."""
        found: dict[str, Any] | None = self._lake.get_json(f"{_MODELS}{version}/model.json")
        return found

    def missing_files(self, version: str, model: Mapping[str, Any]) -> list[str]:
        """Return the files of a version that its `model.json` names and that are not there."""
        there = set(self._lake.keys(f"{_MODELS}{version}/"))
        names = [f"{name}.ubj" for name in model.get("boosters") or ()]
        return [name for name in names if f"{_MODELS}{version}/{name}" not in there]

    def card(self, version: str) -> str | None:
        """Return the card of a version, or None for one from before there were cards."""
        body = self._lake.get(f"{_MODELS}{version}/card.md")
        return None if body is None else body.decode()

    def champion(self) -> Champion | None:
        """Return the pointer, or None before the first promotion."""
        return self.tagged_champion()[0]

    def tagged_champion(self) -> tuple[Champion | None, str | None]:
        """Return the pointer with its ETag, which `ModelWriter.move` wants."""
        body, tag = self._lake.get_tagged(CHAMPION_KEY)
        if body is None:
            return None, None
        try:
            return parse(json.loads(body)), tag
        except ContractError as exc:
            raise CloudError(str(exc), hint="Use the version of engage that wrote it.") from exc

    def published(self) -> dict[str, Any] | None:
        """Return what is served now (`online/current.json`), or None."""
        found: dict[str, Any] | None = self._lake.get_json("online/current.json")
        return found

    def monitor(self, run_id: str) -> dict[str, Any] | None:
        """Return what the monitor found in a run, or None."""
        found: dict[str, Any] | None = self._lake.get_json(f"runs/{run_id}/monitor.json")
        return found


class ModelWriter(ModelReader):
    """Moves the champion pointer."""

    def __init__(self, lake: ObjectStore) -> None:
        super().__init__(lake)
        self._store = lake

    def move(self, champion: Champion, tag: str | None) -> None:
        """Write the pointer in one put, if it still is the one with `tag`.

        Raises UserError when somebody else, a run for one, has moved it meanwhile.
        """
        body = json.dumps(champion.to_dict(), indent=1, sort_keys=True).encode()
        self._store.put_if_unchanged(CHAMPION_KEY, body, tag)
