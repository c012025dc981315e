"""The report, opened in a real browser. Run with: make browser (needs Chromium)."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import report_support

from engage_cli.report import build_report

pytestmark = pytest.mark.slow

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
         "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
         "--allow-file-access-from-files"]  # fmt: skip

# Measures the page in a frame of the given width; the page itself has no script.
FRAME = """<!doctype html><title></title><iframe src="report.html" width="{width}" height="900"></iframe>
<script>onload = () => {{
  const page = document.querySelector("iframe").contentDocument.documentElement;
  const end = page.querySelector("nav").getBoundingClientRect().top;
  document.title = `width ${{page.scrollWidth}} height ${{page.scrollHeight}} screen ${{Math.round(end)}}`;
}}</script>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "report.html").write_text(build_report(report_support.inputs()), encoding="utf-8")
    return tmp_path


def browse(page: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    browser = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert browser, "Chromium is needed: apt-get install chromium"
    profile = f"--user-data-dir={page.parent / 'profile'}"
    return subprocess.run(
        [browser, *FLAGS, profile, *arguments, page.as_uri()],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip


def test_the_page_renders_without_an_error_on_the_console(folder: Path) -> None:
    done = browse(folder / "report.html", "--dump-dom")
    assert "CONSOLE" not in done.stderr
    assert "Three things to do" in done.stdout
    assert done.stdout.count("<svg") >= 25


def measured(folder: Path, width: int) -> tuple[int, int, int]:
    """Width and height of the page in a window of a width, and where its first screen ends."""
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=width))
    found = re.search(r"width (\d+) height (\d+) screen (\d+)", browse(frame, "--dump-dom").stdout)
    assert found
    return int(found[1]), int(found[2]), int(found[3])


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_window(folder: Path, width: int) -> None:
    wide, high, _ = measured(folder, width)
    assert wide <= width
    assert high > 2000, "a page that did not load is short"


def test_what_a_manager_needs_is_on_the_first_screen_of_a_laptop(folder: Path) -> None:
    _, _, end = measured(folder, 1280)
    assert 200 < end < 720


@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_that_lacks_most_parts_is_not_wider_either(folder: Path, width: int) -> None:
    bare = report_support.bare(report_support.inputs())
    (folder / "report.html").write_text(build_report(bare), encoding="utf-8")
    wide, high, _ = measured(folder, width)
    assert wide <= width
    assert high > 1000
