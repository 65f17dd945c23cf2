"""Headless Chromium for tests."""

import re
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")


def look(url: str, folder: Path, *, milliseconds: int = 30_000, width: int = 1280) -> tuple[str, list[str]]:
    """Open a page.

    Args:
        url: Of the page.
        folder: Working folder of the browser; gets a screenshot `page.png`.
        milliseconds: Virtual time of the page before the result is read.
        width: Of the window, in pixels.

    Returns:
        The document after its scripts ran, and the messages on its console.
    """
    browser = next((path for name in NAMES if (path := shutil.which(name))), None)
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
    dump = subprocess.run(
        [*common, "--dump-dom", url], capture_output=True, text=True, timeout=180, check=True
    )
    screenshot = [*common, f"--screenshot={folder / 'page.png'}", url]
    subprocess.run(screenshot, capture_output=True, timeout=180, check=True)
    messages = re.findall(r"CONSOLE[^\]]*\] (.*)", dump.stderr)
    return dump.stdout, messages
