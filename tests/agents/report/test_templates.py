"""Pages hold what strangers wrote as text, never as markup."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from agents.analysis.references import Reference
from agents.recording.video import write_play
from agents.report.figures import write_figures
from agents.report.page import render
from tests.agents.report.test_page import check
from tests.hostile import HOSTILE, harmless, write_hostile_runs
from tests.runs import compared

SCREEN = [np.full((40, 60, 3), 200, np.uint8)] * 2


def hostile_report(folder: Path) -> str:
    comparison = compared(write_hostile_runs(folder))
    names = [group.name for group in comparison.groups]
    known = [Reference(HOSTILE, HOSTILE, HOSTILE, 1.5, None, HOSTILE, HOSTILE)]
    return render(
        comparison,
        plays=dict.fromkeys(names, b"video"),
        views=dict.fromkeys(names, b"view"),
        references=known,
    )


def hostile_play(folder: Path) -> str:
    path = folder / "play.html"
    write_play(SCREEN, path, fps=50, title=HOSTILE, caption=(HOSTILE, HOSTILE))
    return path.read_text()


def test_a_page_that_is_not_escaped_is_told_from_one_that_is() -> None:
    assert harmless("<p>&lt;script&gt;</p><script>1</script>")
    for bad in (
        "<script></script><script></script>",
        "<script></script><p onclick=x>",
        "<script></script><img src=x>",
    ):
        assert not harmless(bad)


@pytest.mark.parametrize("make", [hostile_report, hostile_play])
def test_hostile_names_are_text_on_every_page(make: Callable[[Path], str], tmp_path: Path) -> None:
    page = make(tmp_path)
    assert harmless(page)
    assert check(page).faults == []
    assert page.count("&lt;script&gt;document.title") >= 3
    assert "{{ 7*7 }}" in page  # filled in as it is, never read as a template


def test_figures_of_hostile_names_stay_in_their_folder(tmp_path: Path) -> None:
    """The environment's id becomes part of a file's name, and dollar signs are no mathematics."""
    files = write_figures(compared(write_hostile_runs(tmp_path / "runs", "<$x_")), tmp_path / "out")
    assert files and all(file.resolve().parent == tmp_path / "out" and file.is_file() for file in files)


def test_a_page_of_a_play_has_no_script_of_its_own_frame_rate(tmp_path: Path) -> None:
    page = hostile_play(tmp_path)
    assert 'data-fps="50"' in page and 'step="0.02"' in page
