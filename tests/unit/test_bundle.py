"""Zips and images: the same sources, the same bytes."""

import ast
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

from engage_cli.assets import asset_root
from engage_cli.bundle.images import IMAGES, DirectoryPublisher, entrypoint, load_image
from engage_cli.bundle.zips import build_zip, handler_names
from engage_cli.errors import UserError

HANDLERS = handler_names()


@pytest.mark.parametrize("handler", HANDLERS)
def test_the_same_sources_give_the_same_zip(handler: str) -> None:
    first, second = build_zip(handler, with_wheels=False), build_zip(handler, with_wheels=False)
    assert first.data == second.data
    assert first.key == second.key


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_zip_holds_what_its_handler_imports(handler: str) -> None:
    names = zipfile.ZipFile(io.BytesIO(build_zip(handler, with_wheels=False).data)).namelist()
    assert "app.py" in names
    assert any(n.startswith("common/") for n in names)
    assert any(n.startswith("engage_ml/") for n in names)
    assert not [n for n in names if "__pycache__" in n or n.endswith(".pyc")]


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_handlers_and_containers_import_nothing_from_the_program() -> None:
    for folder in ("handlers", "containers"):
        for path in (asset_root() / folder).rglob("*.py"):
            assert "engage_cli" not in _imports(path), path


def test_nothing_but_the_program_itself_imports_the_command_line() -> None:
    package = Path(sys.modules["engage_cli"].__file__ or "").parent
    for path in package.rglob("*.py"):
        if "cli" in path.relative_to(package).parts[:1] or path.name == "__main__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engage_cli.cli"):
                inside_type_checking = "doctor" in path.name
                assert inside_type_checking, f"{path} imports {node.module}"


def test_the_digest_of_an_image_follows_its_sources() -> None:
    image = load_image("training")
    assert image.digest == load_image("training").digest
    assert image.digest != load_image("inference").digest
    assert "training/Dockerfile" in image.files


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_kept_as_a_folder_can_be_started(tmp_path: Path, name: str) -> None:
    publisher = DirectoryPublisher(tmp_path)
    image = load_image(name)
    reference = image.reference(f"000000000000.dkr.ecr.us-east-1.amazonaws.com/engage-dev-{name}")
    assert publisher.publish(image, reference)
    assert not publisher.publish(image, reference), "the second time there is nothing to do"
    folder = tmp_path / f"engage-dev-{name}" / image.digest
    described = json.loads((folder / "image.json").read_text())
    assert described["entrypoint"] == ["python", "-m", name]
    assert (folder / name / "__main__.py").is_file()
    assert (folder / "engage_ml" / "__init__.py").is_file()


def test_a_dockerfile_without_entrypoint_is_refused() -> None:
    with pytest.raises(UserError):
        entrypoint("FROM python:3.13-slim\nENTRYPOINT python -m x\n")
