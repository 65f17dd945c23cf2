"""The page for those who change things is true: its diagram, and every symbol it names."""

import dataclasses
import importlib
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
ROW = re.compile(r"^\| (.+?) \| (`.+?`) \| (`.+?`) \|$", re.MULTILINE)


def rows() -> list[tuple[str, str, str]]:
    """Return text, symbol and file of each row; rows of several symbols become several."""
    split = []
    for text, symbols, files in ROW.findall(PAGE.read_text()):
        pairs = zip(re.findall("`(.+?)`", symbols), re.findall("`(.+?)`", files), strict=True)
        split += [(text, symbol, file) for symbol, file in pairs]
    return split


@pytest.mark.parametrize(("text", "symbol", "file"), rows())
def test_every_symbol_of_the_page_exists(text: str, symbol: str, file: str) -> None:
    assert text
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    owner: object = importlib.import_module(module)
    for name in symbol.split("."):
        if dataclasses.is_dataclass(owner) and name in {field.name for field in dataclasses.fields(owner)}:
            return
        owner = getattr(owner, name)
    assert getattr(owner, "__module__", module) == module


def test_the_way_of_an_observation_has_twelve_steps_and_the_table_at_least_twenty() -> None:
    way, table = PAGE.read_text().split("## To change")
    assert len(ROW.findall(way)) == 12
    assert len(ROW.findall(table)) >= 20


def test_the_diagram_is_that_of_the_imports() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "draw_architecture.py"))
    assert script["FILE"].read_text() == script["draw"](), "run python scripts/draw_architecture.py"
