"""Run folders whose names try to inject markup into pages."""

import html.parser
import json
from pathlib import Path

from tests.runs import write_run

RAN = "document.title='ran'"
HOSTILE = f"""<script>{RAN}</script>"'><img src=x onerror="{RAN}">{{{{ 7*7 }}}}&$x_"""


class Tags(html.parser.HTMLParser):
    """Collects the elements, event handlers and sources of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.handlers: list[str] = []
        self.sources: list[str | None] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.sources += [value for name, value in attrs if name == "src"]


def harmless(page: str) -> bool:
    """Return whether a page has one script, no handlers and no injected image."""
    tags = Tags(page)
    return tags.names.count("script") == 1 and not tags.handlers and "x" not in tags.sources


def write_hostile_runs(folder: Path, text: str = HOSTILE) -> Path:
    """Write three runs with hostile names: folder, preset, environment, tag, commit."""
    variants = ((1, text, "adam"), (2, text, "radam"), (3, f"../../{text}", "adam"))
    for seed, env, optimizer in variants:
        name = text.replace("/", "") + str(seed)
        run = write_run(folder / name, seed=seed, scores=[1, 2], tags={f"probe/r2_{text}": [0.1, 0.2]})
        stamp = json.loads((run / "config.json").read_text())
        stamp["config"] |= {"preset": text}
        stamp["config"]["env"] |= {"id": env}
        stamp["config"]["learning"] |= {"optimizer": optimizer}
        (run / "config.json").write_text(json.dumps(stamp | {"commit": text}))
    return folder
