"""What was generated, kept in the truth bucket so that it can be continued."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from engage_cli.datagen.spec import Advance, GenerationSpec

WORLD_KEY = "world.json"
_SCHEMA_VERSION = 1


@dataclass(frozen=True)
class World:
    """A data set that is there. `fingerprints`: for each phase, those of the chunks at its end, by part."""

    spec: GenerationSpec
    fingerprints: tuple[Mapping[int, str], ...]

    def advanced(self, advance: Advance) -> GenerationSpec:
        """Return the spec of the same data with more weeks."""
        return replace(self.spec, advances=(*self.spec.advances, advance))

    def as_of(self, day: date) -> "World":
        """Return the data set as it was when it ended on that Monday: later advances never happened."""
        kept = sum(1 for phase in self.spec.phases if phase.end <= day)
        return World(
            replace(self.spec, advances=self.spec.advances[: max(kept - 1, 0)]), self.fingerprints[:kept]
        )

    def dump(self) -> bytes:
        """Return the world as JSON."""
        spec = self.spec
        ends = [phase.end.isoformat() for phase in spec.phases]
        added = [(spec.weeks, None), *((advance.weeks, advance.shift) for advance in spec.advances)]
        return json.dumps(
            {
                "schema_version": _SCHEMA_VERSION,
                "customers": spec.customers,
                "chunk_customers": spec.chunk_customers,
                "seed": spec.seed,
                "format": spec.format,
                "parameters_digest": spec.digest,
                "phases": [
                    {"weeks": weeks, "shift": shift, "end": end, "fingerprints": dict(fingerprints)}
                    for (weeks, shift), end, fingerprints in zip(added, ends, self.fingerprints, strict=True)
                ],
            },
            indent=1,
        ).encode()


def load_world(data: bytes | None) -> World | None:
    """Return the world of a JSON text; None when there is none, or one of another version of the schema."""
    found: dict[str, Any] = json.loads(data) if data else {}
    if found.get("schema_version") != _SCHEMA_VERSION:
        return None
    generated, *added = found["phases"]
    spec = GenerationSpec(
        customers=found["customers"],
        end=date.fromisoformat(generated["end"]),
        weeks=generated["weeks"],
        seed=found["seed"],
        format=found["format"],
        chunk_customers=found["chunk_customers"],
        advances=tuple(Advance(phase["weeks"], phase["shift"]) for phase in added),
    )
    fingerprints = tuple({int(k): v for k, v in phase["fingerprints"].items()} for phase in found["phases"])
    return World(spec, fingerprints)
