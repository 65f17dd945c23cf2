"""Draw docs/architecture.svg: the code's rooms and imports, without arrows that follow from others."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from agents.cli.guard import StopSignal, guarded

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "architecture.svg"
PACKAGES = ("agents", "envs", "models")
WIDTH, HEIGHT, GAP, FLOOR = 160, 36, 26, 76  # pixels: size of a room, between rooms, between floors
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:g} {1:g}" width="{0:g}" height="{1:g}">
<style>
text {{ font: 13px system-ui, sans-serif; text-anchor: middle; fill: #1f2328 }}
rect {{ fill: #f6f8fa; stroke: #57606a }}
path {{ fill: none; stroke: #57606a; stroke-width: 1.4; marker-end: url(#head) }}
svg {{ background: white }}
</style>
<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0 L8 4 L0 8 z" style="fill:#57606a;stroke:none;marker-end:none"/></marker>"""


def room_of(module: str) -> str:
    """Return the room of a module: its folder in `agents`, or its package.

    Example:
        >>> room_of("agents.memory.replay"), room_of("agents.build"), room_of("envs.factory")
        ('agents.memory', 'agents', 'envs')
    """
    parts = module.split(".")
    is_folder = parts[0] == "agents" and (ROOT / Path(*parts[:2])).is_dir()
    return ".".join(parts[:2]) if is_folder else parts[0]


def imports(path: Path) -> Iterator[str]:
    """Yield the names that a file imports from this project, also those inside of functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith(PACKAGES):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def arrows() -> dict[str, set[str]]:
    """Return the rooms, each with the rooms it imports."""
    rooms: dict[str, set[str]] = {}
    for package in (*PACKAGES, "scripts"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if path == ROOT / "agents" / "__init__.py":  # its verbs are those of build and agent
                continue
            room = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
            rooms.setdefault(room, set()).update(map(room_of, imports(path)))
    return {room: targets - {room} for room, targets in rooms.items()}


def reachable(room: str, rooms: dict[str, set[str]]) -> set[str]:
    """Return all rooms at the end of arrows from a room."""
    return rooms[room].union(*(reachable(target, rooms) for target in rooms[room]))


def floor(room: str, rooms: dict[str, set[str]]) -> int:
    """Return the floor of a room, above the rooms that it imports; 0 is the ground."""
    return max((floor(target, rooms) + 1 for target in rooms[room]), default=0)


def draw() -> str:
    """Return the diagram, as SVG."""
    rooms = arrows()
    levels = {room: floor(room, rooms) for room in rooms}
    rows = [[room for room in rooms if levels[room] == level] for level in sorted({*levels.values()})]
    width = max(map(len, rows)) * (WIDTH + GAP) + 5 * GAP
    height = len(rows) * FLOOR + GAP
    parts, centres = [HEAD.format(width, height)], {}
    for level, row in enumerate(rows):
        for place, room in enumerate(row):
            shift = (level % 2 - 0.5) * 3 * GAP  # or arrows would run through the rooms between
            x = width / 2 + (place - (len(row) - 1) / 2) * (WIDTH + GAP) + shift
            y = height - (level + 0.5) * FLOOR
            centres[room] = (x, y)
            text = "agents: build, agent" if room == "agents" else room
            corner = f'x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}"'
            parts.append(f'<rect {corner} width="{WIDTH}" height="{HEIGHT}" rx="6"/>')
            parts.append(f'<text x="{x:g}" y="{y + 5:g}">{text}</text>')
    for room, targets in rooms.items():
        implied = set[str]().union(*(reachable(target, rooms) for target in targets))
        for target in sorted(targets - implied):
            (x, y), (to_x, to_y) = centres[room], centres[target]
            y, to_y = y + HEIGHT / 2, to_y - HEIGHT / 2 - 3
            middle = (y + to_y) / 2
            parts.append(
                f'<path d="M{x:g} {y:g} C{x:g} {middle:g} {to_x:g} {middle:g} {to_x:g} {to_y:g}"/>'
            )
    return "\n".join([*parts, "</svg>", ""])


@guarded
def main(_: StopSignal) -> None:
    """Write the diagram."""
    FILE.write_text(draw())
    print(FILE.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
