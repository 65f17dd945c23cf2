"""Pages in a browser: what a stranger wrote does not run, and a narrow window can be read."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents.recording.video import write_play
from tests.agents.report.test_templates import hostile_play, hostile_report
from tests.browser.chromium import look
from tests.hostile import HOSTILE

pytestmark = pytest.mark.browser

# Sends to the page around it what only a browser knows.
ASK = """<script>
  setTimeout(() => {
    const video = document.querySelector("video"), box = (element) => element.getBoundingClientRect();
    const button = document.querySelector(".play"), seek = document.querySelector(".seek");
    const area = document.querySelector(".scroll"), sign = document.querySelector(".sign");
    video.pause();
    const told = {
      beyond: document.documentElement.scrollWidth - innerWidth,
      covered: box(video).bottom > box(document.querySelector(".controls")).top,
      native: video.controls, wide: box(video).width, sign: box(sign).height > 0,
      keyboard: [area, button, seek].every((element) => element.tabIndex === 0),
      faded: area.classList.contains("more-right"),
    };
    seek.value = seek.max / 2;
    seek.dispatchEvent(new Event("input"));
    setTimeout(() => {
      told.half = Math.abs(video.currentTime / video.duration - 0.5) < 0.1;
      told.before = button.textContent;
      button.click();
      setTimeout(() => {
        told.after = button.textContent;
        const text = Object.entries(told).map(([name, value]) => `${name}=${value}`).join(" ");
        parent.postMessage(text, "*");
      }, 500);
    }, 500);
  }, 2000);
</script></body>"""
AROUND = """<!DOCTYPE html><title>-</title>
<iframe src="play.html" width="{width}" height="900" style="border: 0"></iframe>
<script>addEventListener("message", (event) => {{ document.title = event.data; }});</script>"""


def facts(folder: Path, size: tuple[int, int], width: int) -> dict[str, str]:
    """Returns what a page says of itself in a window of this width, for a video of this height and width."""
    frames = [np.full((*size, 3), 5 * i, np.uint8) for i in range(40)]
    page = folder / "play.html"
    write_play(frames, page, fps=20, title="A play", caption=("One.", "Two."))
    page.write_text(page.read_text().replace("</body>", ASK))
    (folder / "around.html").write_text(AROUND.format(width=width))
    document, said = look((folder / "around.html").as_uri(), folder, milliseconds=8_000)
    assert said == []
    told = re.search(r"<title>(.*?)</title>", document)
    assert told and "=" in told[1], document[:500]
    return dict(pair.split("=") for pair in told[1].split(" "))


def test_a_views_words_stay_large_in_a_narrow_window_under_a_sign(tmp_path: Path) -> None:
    told = facts(tmp_path, (510, 1166), 390)
    assert float(told["wide"]) >= 900
    assert told["sign"] == told["faded"] == "true"
    assert int(told["beyond"]) <= 0


def test_a_screen_fits_a_narrow_window_without_a_sign(tmp_path: Path) -> None:
    told = facts(tmp_path, (400, 600), 390)
    assert float(told["wide"]) <= 390
    assert told["sign"] == told["faded"] == "false"


def test_a_film_is_played_by_controls_below_it(tmp_path: Path) -> None:
    told = facts(tmp_path, (510, 1166), 1200)
    assert told["native"] == told["covered"] == told["sign"] == "false"
    assert told["keyboard"] == told["half"] == "true"
    assert (told["before"], told["after"]) == ("Play", "Pause")


@pytest.mark.parametrize("make", [hostile_report, hostile_play])
def test_what_a_stranger_wrote_does_not_run(make: Callable[[Path], str], tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(make(tmp_path))
    document, _ = look((tmp_path / "page.html").as_uri(), tmp_path, milliseconds=3_000)
    assert "<title>ran</title>" not in document
    assert "document.title='ran'" in document  # it stands there as text


def test_unescaped_it_would_run(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"<!DOCTYPE html><title>-</title><body>{HOSTILE}</body>")
    document, _ = look((tmp_path / "page.html").as_uri(), tmp_path, milliseconds=3_000)
    assert "<title>ran</title>" in document
