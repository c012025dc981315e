"""Every place where a part of ours is plugged into MiniStack still exists, and moves are noticed."""

import ast
import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from engage_cli.local import seams as seams_module
from engage_cli.local.seams import Seam, SeamMovedError, seams

pytestmark = pytest.mark.local
LOCAL = Path(seams_module.__file__).parent


@pytest.mark.parametrize("seam", seams(), ids=lambda seam: seam.name.replace(" ", "-"))
def test_the_seam_fits_this_version_of_ministack(seam: Seam) -> None:
    seam.check()  # The endpoint is another process: in this one MiniStack is as it was delivered.


def test_seams_have_different_names_and_places() -> None:
    every = seams()
    assert len({seam.name for seam in every}) == len(every)
    assert len({seam.place for seam in every}) == len(every)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"module": "ministack.services.gone"}, "does not exist"),
        ({"attribute": "_gone"}, "does not exist"),
        ({"parameters": ("other",)}, "has the parameters"),
    ],
)
def test_a_seam_that_moved_is_named_with_the_version(change: dict[str, object], what: str) -> None:
    moved = replace(next(seam for seam in seams() if seam.name == "task stop"), **change)  # type: ignore[arg-type]
    with pytest.raises(SeamMovedError, match=rf"'task stop' does not fit MiniStack 1\.5\.33.*{what}"):
        moved.check()


def test_a_missing_entry_of_a_table_is_noticed() -> None:
    moved = replace(next(seam for seam in seams() if seam.name == "ecs:runTask"), keys=("arn:gone",))
    with pytest.raises(SeamMovedError, match="does not exist"):
        moved.check()


@pytest.mark.parametrize("seam", seams(), ids=lambda seam: seam.name.replace(" ", "-"))
def test_whichever_seam_moves_is_named_in_a_sentence(seam: Seam, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the seam replaces, as a new version might: the sentence says which one, and where."""
    module = importlib.import_module(seam.module)
    if seam.keys:
        holder = getattr(module, seam.attribute)
        for key in seam.keys[:-1]:
            holder = holder[key]
        monkeypatch.delitem(holder, seam.keys[-1])
    else:
        monkeypatch.delattr(module, seam.attribute)
    with pytest.raises(SeamMovedError) as moved:
        seam.check()
    sentence = str(moved.value)
    assert f"The seam {seam.name!r} does not fit MiniStack" in sentence
    assert f"{seam.place} does not exist" in sentence


@pytest.mark.parametrize(
    "seam",
    [seam for seam in seams() if seam.parameters is not None],
    ids=lambda seam: seam.name.replace(" ", "-"),
)
def test_a_function_with_other_parameters_is_a_moved_seam(
    seam: Seam, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(seam.module)

    def changed(another: object, *, parameter: object) -> None: ...

    if seam.keys:
        holder = getattr(module, seam.attribute)
        for key in seam.keys[:-1]:
            holder = holder[key]
        monkeypatch.setitem(holder, seam.keys[-1], changed)
    else:
        monkeypatch.setattr(module, seam.attribute, changed)
    with pytest.raises(SeamMovedError, match="has the parameters"):
        seam.check()


def test_only_the_seams_put_anything_into_ministack() -> None:
    """No other module sets an attribute of a module of MiniStack; what it keeps in stores is data."""
    found = []
    for path in sorted(LOCAL.rglob("*.py")):
        if path.name == "seams.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ministack":
                modules |= {name.asname or name.name for name in node.names}
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            for target in targets:
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id in modules
                ):
                    found.append(f"{path.name}:{target.lineno}")
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr":
                found.append(f"{path.name}:{node.lineno}")
    assert found == []
