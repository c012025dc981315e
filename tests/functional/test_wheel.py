"""What `pip install .` gives: a wheel that deploys from any directory, without the source tree."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def elsewhere(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory outside of the source tree, with a home of its own."""
    folder = tmp_path_factory.mktemp("elsewhere")
    yield folder
    engage(installed, folder, "local", "stop")


def engage(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ENGAGE_", "AWS_"))}
    return subprocess.run(
        [sys.executable, "-P", "-m", "engage_cli", *words],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
        env={**env, "PYTHONPATH": str(installed), "ENGAGE_HOME": str(folder / "home")},
    )  # fmt: skip


def test_the_wheel_carries_what_is_deployed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(name for name in names if name.endswith("entry_points.txt"))
        assert "engage = engage_cli.cli.main:run" in archive.read(metadata).decode()
    for folder in ("infra", "handlers", "containers"):
        wanted = [
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
        ]
        assert wanted
        missing = [name for name in wanted if f"engage_cli/_assets/{name}" not in names]
        assert missing == []
    assert not any("__pycache__" in name or name.startswith("tests/") for name in names)


def test_the_installed_program_deploys_and_removes_an_environment(installed: Path, elsewhere: Path) -> None:
    where = subprocess.run(
        [sys.executable, "-P", "-c", "import engage_cli; print(engage_cli.__file__)"],
        cwd=elsewhere, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert Path(where.stdout.strip()).is_relative_to(installed), "the wheel is what is tested"
    deployed = engage(installed, elsewhere, "deploy", "--json")
    assert deployed.returncode == 0, deployed.stderr
    assert len(json.loads(deployed.stdout)["changed"]) == 9
    failed = engage(installed, elsewhere, "run-pipeline")
    assert failed.returncode == 1, "the first Lambda ran and found no data"
    assert "holds no customers" in failed.stderr
    removed = engage(installed, elsewhere, "destroy", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert "Nothing is left" in removed.stdout
