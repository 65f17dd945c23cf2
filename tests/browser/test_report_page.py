"""The page of `scripts/compare.py` in a browser: no errors, curves drawn, videos playing."""

import re
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest

from agents.analysis.comparison import compare
from agents.report.page import render
from agents.runs.reader import find_runs, read_run
from tests.browser.chromium import look
from tests.runs import climb, write_run

pytestmark = pytest.mark.browser

# Writes facts that only a browser knows into the title.
ASK = """<script>
  const notes = [];
  addEventListener("error", (event) => notes.push("error " + event.message));
  setTimeout(async () => {
    const beyond = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    const boxes = [...document.querySelectorAll("svg.figure path")].map((path) => path.getBoundingClientRect());
    const wide = boxes.filter((box) => box.width > 100 && box.height > 50).length;
    for (const video of document.querySelectorAll("video")) {
      await video.play();  // by itself it starts only when in view
      notes.push(`paused-${video.paused}-ready-${video.readyState}-error-${video.error}`);
    }
    document.title = `beyond ${beyond} wide ${wide} ` + notes.join(" ");
  }, 5000);
</script></body>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    for obs, solved in (("pixels", [6, 7, 9]), ("state", [3, 4, 4])):
        for seed, at in enumerate(solved, 1):
            write_run(folder / obs / f"seed{seed}", obs=obs, seed=seed, scores=climb(at, seed))
    video = imageio_ffmpeg.write_frames(str(folder / "episode.mp4"), (320, 208), fps=25)
    video.send(None)
    for i in range(100):
        video.send(np.full((208, 320, 3), 2 * i, np.uint8))
    video.close()
    comparison = compare([read_run(path) for path in find_runs([folder])])
    videos = {group.name: (folder / "episode.mp4").read_bytes() for group in comparison.groups}
    return render(comparison, videos=videos)


@pytest.mark.parametrize("width", [500, 1280])
def test_the_page_shows_curves_and_videos_without_errors(width: int, page: str, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(page.replace("</body>", ASK))
    document, messages = look(
        (tmp_path / "report.html").as_uri(), tmp_path, milliseconds=8_000, width=width
    )
    assert messages == []
    match = re.search(r"<title>beyond (-?\d+) wide (\d+) ?(.*)</title>", document)
    assert match, document[:500]
    assert int(match[1]) <= 0  # nothing wider than the window: tables scroll by themselves
    assert int(match[2]) >= 8  # lines and bands of the two groups, by steps and by seconds
    assert match[3].split() == ["paused-false-ready-4-error-null"] * 2


def test_the_page_follows_the_colours_of_the_system(page: str, tmp_path: Path) -> None:
    """Chromium's own default is light; the dark colours are applied by editing the page."""
    dark = page.replace("screen and (prefers-color-scheme: dark)", "screen")
    grays = []
    for i, text in enumerate((page, dark)):
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / "report.html").write_text(text)
        look((folder / "report.html").as_uri(), folder, milliseconds=2_000)
        image = cv2.imread(str(folder / "page.png"), cv2.IMREAD_GRAYSCALE)
        assert image is not None
        grays.append(np.median(image))
    assert grays[0] > 240 and grays[1] < 40
