"""The field's words: names that this project once used for what others call otherwise stay out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENDINGS = {".py", ".md", ".j2", ".cfg", ".toml", ".json", ".html", ".css", ".js"}
FOLDERS = ("agents", "envs", "models", "scripts", "tests", "docs")
OLD_NAMES = {"agents/config/aliases.py", "tests/agents/config/test_aliases.py", "tests/test_words.py"}
"""Files that must name old names, to read old runs."""

WORDS = {
    r"tickets?": "index",
    r"judged": "ema_network",
    r"goal": "td_target",
    r"Plan": "Backup",
    r"learning[./]bootstrap": "backup",
    r"(?<!.)expected value network|[\"']implicit[\"']": "iqn",
    r"trace": "td_lambda",
    r"Window|memory\.window": "num_steps",
    r"memory\.epochs": "update_epochs",
    r"memory\.priority(?![_-])": "priority_exponent",
    r"memory\.beta": "importance_sampling_exponent",
    r"learn[_-]start|learn[_-]every": "learning_starts, train_frequency",
    r"schedule\.updates": "gradient_steps",
    r"target[_-]every": "target.update_period",
    r"epsilon[_-]duration": "epsilon_decay_steps",
    r"learning\.(atoms|quantiles)": "num_atoms, num_quantiles",
    r"value[_-]range": "v_min, v_max",
    r"munchausen[_-]least": "munchausen_clip",
    r"env\.sticky|full[_-]actions|env\.stack(?!_)|env\.life[_-]loss": "Gymnasium's names",
    r"(Grayscale|Resize|FrameStack|RenderObservation|ActionRepeat)(?=[(:])": "Gymnasium's names",
    r"stop[_-]score|solved[_-]mark|(?<!pytest\.)mark": "reward_threshold",
    r"films?|filmed": "video",
    r"stills?(?=[ ,:=]*(\(|=|of the))|_still": "thumbnail",
    r"shots?|Shot": "step",
    r"(?<![Oo]f )course|Course": "trajectory",
    r"Moments?": "time step",
    r"pictures?|Pictures?": "image",
    r"wording": "text",
    r"Joined|joined": "curves",
    r"analysis[./]records": "runs.reader",
    r"kept agents?|keep_best|kept_(agent|score|note)s?|_kept": "best checkpoint",
    r"Watched|watched": "RecordingPolicy",
    r"truth|scatter_states?|scattered": "simulator_state, randomize_state",
    r"_moving|_follow\w*": "stat_layers, update_averages",
    r"take_noise|silence|silent": "set_noise, disable_noise",
    r"reckon\w*": "compute",
    r"fitted|tinted|multiplied": "fit, overlay, linear",
    r"(go|goes|going|gone|went) on with": "resume",
    r"hangs? on": "depends on",
}
"""Old words, as regular expressions, and the field's."""


def pages() -> Iterator[Path]:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))]
    for path in (*files, ROOT / "README.md", ROOT / "Makefile", ROOT / "setup.cfg"):
        name = str(path.relative_to(ROOT))
        if path.is_file() and path.suffix in ENDINGS | {""} and name not in OLD_NAMES:
            yield path


@pytest.fixture(scope="module")
def lines() -> dict[str, str]:
    """Every line of code, comments and documentation, by its place."""
    return {
        f"{path.relative_to(ROOT)}:{number}": line
        for path in pages()
        if "__pycache__" not in path.parts
        for number, line in enumerate(path.read_text(errors="ignore").splitlines(), 1)
        if len(line) < 1_000
    }


@pytest.mark.parametrize(("word", "instead"), WORDS.items())
def test_the_old_word_is_nowhere(word: str, instead: str, lines: dict[str, str]) -> None:
    pattern = re.compile(rf"(?<![A-Za-z])(?:{word})(?![A-Za-z])")
    places = [f"{place}: {line.strip()}" for place, line in lines.items() if pattern.search(line)]
    assert not places, f"say {instead}"
