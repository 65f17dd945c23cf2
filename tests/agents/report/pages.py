"""A checker of HTML pages, and pages of hostile runs."""

import html.parser
import re
from pathlib import Path

import numpy as np

from agents.analysis.references import Reference
from agents.recording.video import write_video
from agents.report.page import render
from tests.hostile import HOSTILE, write_hostile_runs
from tests.runs import compared

Attributes = list[tuple[str, str | None]]
SCREENS = [np.full((40, 60, 3), 200, np.uint8)] * 2


class Checker(html.parser.HTMLParser):
    """Collects faults of a page: open tags, duplicate ids, dangling references, external resources."""

    VOID = frozenset({"meta", "link", "img", "br", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.tags.append(tag)
        names = [name for name, _ in attrs]
        self.faults += [f"{tag} has {name} twice" for name in names if names.count(name) > 1]
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href") and not (value or "").startswith(("data:", "#")):
                self.faults.append(f"{tag} loads {value}")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


def check(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    checker.faults += [f"<{tag}> stays open" for tag in checker.open]
    checker.faults += [f"id {name} twice" for name in set(checker.ids) if checker.ids.count(name) > 1]
    pointed = set(re.findall(r"""(?:url\(|href=")#([^)"]+)""", page))
    checker.faults += [f"#{name} is nowhere" for name in pointed - set(checker.ids)]
    checker.faults += re.findall(r"https?://\S+|@import[^;]*|url\([^#]\S*", page)
    return checker


def hostile_report(folder: Path) -> str:
    comparison = compared(write_hostile_runs(folder))
    names = [group.name for group in comparison.groups]
    references = [Reference(HOSTILE, HOSTILE, HOSTILE, 1.5, None, HOSTILE, HOSTILE)]
    return render(
        comparison,
        videos=dict.fromkeys(names, b"video"),
        thumbnails=dict.fromkeys(names, b"view"),
        references=references,
    )


def hostile_episode(folder: Path) -> str:
    path = folder / "episode.html"
    write_video(SCREENS, path, fps=50, title=HOSTILE, caption=(HOSTILE, HOSTILE))
    return path.read_text()
