"""The schemas of the resource types in our templates, for the embedded endpoint, which has no cfn-lint.

    python infra/resource_schemas.py > engage_cli/local/validation/resource_schemas.json

They are AWS's own registry schemas, as the installed cfn-lint carries them, without the words.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "cloudformation"
_WORDS = {
    "description", "title", "$comment", "examples", "sourceUrl", "tagging", "handlers", "documentationUrl",
    "replacementStrategy", "resourceLink", "taggable", "propertyTransform", "typeConfiguration",
    "additionalIdentifiers", "primaryIdentifier", "conditionalCreateOnlyProperties", "insertionOrder",
    "writeOnlyProperties", "createOnlyProperties", "deprecatedProperties", "nonPublicProperties",
    "nonPublicDefinitions", "default", "format", "$schema", "$id", "relationshipRef",
}  # fmt: skip


def types() -> list[str]:
    """The resource types that the templates use."""
    found: set[str] = set()
    for template in TEMPLATES.glob("*.yaml"):
        found |= set(re.findall(r"^    Type: (AWS::\S+)", template.read_text(), re.MULTILINE))
    return sorted(found)


def schemas() -> dict[str, Any]:
    """Type -> schema."""
    import cfnlint.data.schemas.providers as providers
    import cfnlint.data.schemas.resources as resources

    index = json.loads((Path(providers.__path__[0]) / "us-east-1.json").read_text())
    folder = Path(resources.__path__[0])
    return {
        kind: _trim(json.loads((folder / f"{index[kind]}.json").read_text()))
        for kind in types()
        if kind in index
    }


def _trim(schema: Any, *, names: bool = False) -> Any:
    if isinstance(schema, list):
        return [_trim(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        # Below "properties" a key is a property's name, not a keyword.
        if not names and (key in _WORDS or (key == "pattern" and not _compiles(value))):
            continue
        kept[key] = _trim(
            value, names=key in ("properties", "definitions", "patternProperties") and not names
        )
    return kept


def _compiles(pattern: Any) -> bool:
    try:
        re.compile(str(pattern))
    except re.error:
        return False
    return True


if __name__ == "__main__":
    json.dump(schemas(), sys.stdout, sort_keys=True, separators=(",", ":"))
    print()
