"""Pages in a browser: safe from injection, readable in a narrow window, controllable."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents.recording.video import write_video
from tests.agents.report.pages import hostile_episode, hostile_report
from tests.browser.chromium import look
from tests.hostile import HOSTILE

pytestmark = pytest.mark.browser

# Sends facts that only a browser knows to the enclosing page.
ASK = """<script>
  setTimeout(() => {
    const video = document.querySelector("video"), box = (element) => element.getBoundingClientRect();
    const button = document.querySelector(".play"), seek = document.querySelector(".seek");
    const area = document.querySelector(".scroll"), sign = document.querySelector(".sign");
    video.pause();
    const facts = {
      beyond: document.documentElement.scrollWidth - innerWidth,
      covered: box(video).bottom > box(document.querySelector(".controls")).top,
      native: video.controls, wide: box(video).width, sign: box(sign).height > 0,
      keyboard: [area, button, seek].every((element) => element.tabIndex === 0),
      faded: area.classList.contains("more-right"),
    };
    seek.value = seek.max / 2;
    seek.dispatchEvent(new Event("input"));
    setTimeout(() => {
      facts.half = Math.abs(video.currentTime / video.duration - 0.5) < 0.1;
      facts.before = button.textContent;
      button.click();
      setTimeout(() => {
        facts.after = button.textContent;
        const text = Object.entries(facts).map(([name, value]) => `${name}=${value}`).join(" ");
        parent.postMessage(text, "*");
      }, 500);
    }, 500);
  }, 2000);
</script></body>"""
ENCLOSING = """<!DOCTYPE html><title>-</title>
<iframe src="episode.html" width="{width}" height="900" style="border: 0"></iframe>
<script>addEventListener("message", (event) => {{ document.title = event.data; }});</script>"""


def facts(folder: Path, size: tuple[int, int], width: int) -> dict[str, str]:
    """Return facts of a page in a window of this width, for a video of this height and width."""
    frames = [np.full((*size, 3), 5 * i, np.uint8) for i in range(40)]
    page = folder / "episode.html"
    write_video(frames, page, fps=20, title="An episode", caption=("One.", "Two."))
    page.write_text(page.read_text().replace("</body>", ASK))
    (folder / "enclosing.html").write_text(ENCLOSING.format(width=width))
    document, messages = look((folder / "enclosing.html").as_uri(), folder, milliseconds=8_000)
    assert messages == []
    match = re.search(r"<title>(.*?)</title>", document)
    assert match and "=" in match[1], document[:500]
    return dict(pair.split("=") for pair in match[1].split(" "))


def test_text_stays_large_in_a_narrow_window_under_a_sign(tmp_path: Path) -> None:
    page = facts(tmp_path, (510, 1166), 390)
    assert float(page["wide"]) >= 900
    assert page["sign"] == page["faded"] == "true"
    assert int(page["beyond"]) <= 0


def test_a_screen_fits_a_narrow_window_without_a_sign(tmp_path: Path) -> None:
    page = facts(tmp_path, (400, 600), 390)
    assert float(page["wide"]) <= 390
    assert page["sign"] == page["faded"] == "false"


def test_a_video_has_its_controls_below_it(tmp_path: Path) -> None:
    page = facts(tmp_path, (510, 1166), 1200)
    assert page["native"] == page["covered"] == page["sign"] == "false"
    assert page["keyboard"] == page["half"] == "true"
    assert (page["before"], page["after"]) == ("Play", "Pause")


@pytest.mark.parametrize("make", [hostile_report, hostile_episode])
def test_injected_scripts_do_not_run(make: Callable[[Path], str], tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(make(tmp_path))
    document, _ = look((tmp_path / "page.html").as_uri(), tmp_path, milliseconds=3_000)
    assert "<title>ran</title>" not in document
    assert "document.title='ran'" in document  # it is there as text


def test_unescaped_they_would_run(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"<!DOCTYPE html><title>-</title><body>{HOSTILE}</body>")
    document, _ = look((tmp_path / "page.html").as_uri(), tmp_path, milliseconds=3_000)
    assert "<title>ran</title>" in document
