"""The rules of the tree and of the suite itself, kept by tests."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("agents", "envs", "models")

# Rooms from the ground up: a room may import those that stand before it, and no other.
FLOORS = (
    "config",
    "learning",
    "memory",
    "runs",
    "acting",
    "training",
    "analysis",
    "report",
    "recording",
    "cli",
)


def above(room: str) -> tuple[str, ...]:
    """The doors at the top of `agents/` and the rooms that a room may not import."""
    higher = FLOORS[FLOORS.index(room) + 1 :]
    return ("agents.build", "agents.agent", *(f"agents.{name}" for name in higher))


# What a module may never import, by the start of its own name; the longest match counts.
FORBIDDEN = {
    "envs": ("torch", "agents", "models", "tensorboard", "tyro"),
    "models": ("gymnasium", "agents", "envs", "cv2", "tensorboard", "tyro"),
    # The configuration is data: of the environments and networks it knows their sections only.
    "agents.config": ("torch", "gymnasium", "tyro", "models.factory", "envs.factory", *above("config")),
    "agents.learning": ("gymnasium", "envs", "agents.config.config", "tyro", *above("learning")),
    "agents.memory": ("gymnasium", "envs", "models", "tyro", *above("memory")),
    "agents.runs": ("gymnasium", "models", "agents.learning", "agents.memory", "tyro", *above("runs")),
    "agents.acting": ("gymnasium", "tyro", *above("acting")),
    "agents.training": ("gymnasium", "models", "tyro", *above("training")),
    # What answers from run folders starts in a moment: torch takes two seconds.
    "agents.analysis": (
        "torch",
        "gymnasium",
        "agents.training",
        "agents.acting",
        "tyro",
        *above("analysis"),
    ),
    "agents.report": ("torch", "gymnasium", "agents.training", "agents.acting", "tyro", *above("report")),
    "agents.recording": ("gymnasium", "tyro", "tensorboard", "agents.cli"),
    "agents.build": ("gymnasium", "tyro", "tensorboard"),
    "agents.agent": ("gymnasium", "tyro", "tensorboard"),
}
ONLY_IN = {"tyro": "agents.cli.parser", "torch.utils.tensorboard": "agents.runs.tensorboard"}


def sources() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def starts(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix if prefix.endswith(".") else prefix + ".")


def test_packages_import_only_what_the_design_allows() -> None:
    broken = []
    for name, path in sources():
        rules = [rule for rule in FORBIDDEN if starts(name, rule)]
        forbidden = FORBIDDEN[max(rules, key=len)] if rules else ()
        broken += [(name, i) for i in imports(path) if any(starts(i, f) for f in forbidden)]
    assert not broken


def test_tyro_and_tensorboard_are_each_imported_in_one_module_only() -> None:
    broken = [
        (name, i)
        for name, path in sources()
        for i in imports(path)
        for package, home in ONLY_IN.items()
        if starts(i, package) and name != home
    ]
    assert not broken


PUBLIC = ("_replace", "_asdict", "_fields", "_exit")
"""Documented names of the standard library that begin with an underscore."""


def private_names(text: str) -> set[str]:
    """Return names with an underscore that are imported, or read off anything but self."""
    private = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            private |= {alias.name for alias in node.names if "._" in alias.name}
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            private |= {name for name in names if "._" in name and "__" not in name}
        elif isinstance(node, ast.Attribute) and re.match("_(?!_)", node.attr) and node.attr not in PUBLIC:
            private |= {ast.unparse(node)} - {f"self.{node.attr}", f"cls.{node.attr}"}
        elif isinstance(node, ast.Call):
            private |= set(re.findall(r"^[gs]etattr\(.+, '_\w+", ast.unparse(node)))
    return private


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ntorch._foreach_add_([], [])",
        "from torch import nn\nnn.modules.batchnorm._BatchNorm",
        "from torch.nn.utils.parametrizations import _SpectralNorm",
        "import torch._dynamo",
        "import torch\ngetattr(torch.ops.mkldnn, '_linear_pointwise', None)",
        "def steps(env): return env.unwrapped._elapsed_steps",
        "def file(writer): return writer._get_file_writer()",
    ],
)
def test_private_names_are_detected(text: str) -> None:
    assert private_names(text)


def test_private_names_of_others_are_in_one_module_only() -> None:
    private = {name for name, path in sources() if private_names(path.read_text())}
    assert private == {"models.fast"}
    assert not any(private_names(p.read_text()) for p in (ROOT / "scripts").glob("*.py"))


def test_no_file_is_longer_than_300_lines() -> None:
    files = [*(path for _, path in sources()), *(ROOT / "scripts").glob("*.py")]
    assert not {f.name: n for f in files if (n := len(f.read_text().splitlines())) > 300}


def test_the_docstring_of_every_package_names_its_files() -> None:
    missing = [
        file
        for _, path in sources()
        if path.name == "__init__.py"
        for file in path.parent.glob("*.py")
        if file != path and file.name not in (ast.get_docstring(ast.parse(path.read_text())) or "")
    ]
    assert not missing


def test_no_test_is_skipped_silently(tmp_path: Path) -> None:
    """The suite's own rule, tried on a folder with one test that skips."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (tmp_path / "test_it.py").write_text("import pytest\ndef test_a(): pytest.skip('quietly')\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert "none may be" in done.stdout
