"""Pages contain foreign text as text, never as markup."""

from collections.abc import Callable
from pathlib import Path

import pytest

from agents.report.figures import write_figures
from tests.agents.report.pages import check, hostile_episode, hostile_report
from tests.hostile import harmless, write_hostile_runs
from tests.runs import compared


def test_unescaped_pages_are_detected() -> None:
    assert harmless("<p>&lt;script&gt;</p><script>1</script>")
    for bad in (
        "<script></script><script></script>",
        "<script></script><p onclick=x>",
        "<script></script><img src=x>",
    ):
        assert not harmless(bad)


@pytest.mark.parametrize("make", [hostile_report, hostile_episode])
def test_hostile_names_are_text_on_every_page(make: Callable[[Path], str], tmp_path: Path) -> None:
    page = make(tmp_path)
    assert harmless(page)
    assert check(page).faults == []
    assert page.count("&lt;script&gt;document.title") >= 3
    assert "{{ 7*7 }}" in page  # inserted literally, never read as a template


def test_figures_of_hostile_names_stay_in_their_folder(tmp_path: Path) -> None:
    """The environment's id becomes part of a file's name, and dollar signs are no mathematics."""
    files = write_figures(compared(write_hostile_runs(tmp_path / "runs", "<$x_")), tmp_path / "out")
    assert files and all(file.resolve().parent == tmp_path / "out" and file.is_file() for file in files)


def test_the_page_of_an_episode_has_its_frame_rate(tmp_path: Path) -> None:
    page = hostile_episode(tmp_path)
    assert 'data-fps="50"' in page and 'step="0.02"' in page
