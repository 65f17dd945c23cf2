"""Chromium without a window, as a tool for tests."""

import re
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")


def look(url: str, folder: Path, *, milliseconds: int = 30_000, width: int = 1280) -> tuple[str, list[str]]:
    """Opens a page.

    Args:
        url: Of the page.
        folder: Where the browser may write; `page.png` in it becomes an image of the page.
        milliseconds: Of the page's own time, until it is looked at.
        width: Of the window, in pixels.

    Returns:
        The document as scripts have left it, and what it complained of on the console.
    """
    browser = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert browser, f"These tests need a browser: install one of {', '.join(NAMES)}."
    common = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-extensions",
    ]
    common += [f"--window-size={width},1600", f"--virtual-time-budget={milliseconds}"]
    common += [f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--v=0"]
    looked = subprocess.run(
        [*common, "--dump-dom", url], capture_output=True, text=True, timeout=180, check=True
    )
    shot = [*common, f"--screenshot={folder / 'page.png'}", url]
    subprocess.run(shot, capture_output=True, timeout=180, check=True)
    said = re.findall(r"CONSOLE[^\]]*\] (.*)", looked.stderr)
    return looked.stdout, said
