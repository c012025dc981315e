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
  document.title = `width ${{page.scrollWidth}} height ${{page.scrollHeight}}`;
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
    assert "Customers scored" in done.stdout
    assert done.stdout.count("<svg") >= 8


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_window(folder: Path, width: int) -> None:
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=width))
    found = re.search(r"width (\d+) height (\d+)", browse(frame, "--dump-dom").stdout)
    assert found
    assert int(found[1]) <= width
    assert int(found[2]) > 2000, "a page that did not load is short"
