"""The trainer alone: a tape of what it asks of its parts, in order."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from agents.acting.episodes import Score
from agents.config import Config, with_fields
from agents.config.presets import preset_config
from agents.learning.batch import Batch
from agents.training.progress import Window
from agents.training.trainer import Trainer

Tape = list[tuple[Any, ...]]
PLAN = {
    "env.num_envs": 2,
    "steps": 12,
    "schedule.learning_starts": 4,
    "schedule.train_frequency": 2,
    "target.update_period": 4,
    "exploration.epsilon_start": 1.0,
    "exploration.epsilon_end": 0.0,
    "exploration.epsilon_decay_steps": 8,
    "learning.batch_size": 3,
    "target.tau": 0.0,
    "memory.capacity": 100,
    "evaluation.every": 1_000,
    "log_every": 1_000,
}


class FakeAgent:
    """Writes down updates and copies; its loss is 1 each."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.ema_network = torch.nn.Linear(1, 1)

    def update(self, batch: Any, count: int) -> Any:
        self._tape.append(("update", len(batch.reward), count))
        priority = torch.ones(len(batch.reward))
        return SimpleNamespace(loss=1.0 * count, q=2.0 * count, priority=priority)

    def copy_target(self) -> None:
        self._tape.append(("copy target",))

    def set_learning_rate(self, rate: float) -> None:
        self._tape.append(("learning rate", round(rate, 6)))

    def state_dict(self) -> dict[str, Any]:
        return {}


class FakeMemory:
    """Writes down what is drawn and how it is weighed."""

    def __init__(self, tape: Tape, block: int) -> None:
        self._tape, self.block = tape, block

    def sample(self, size: int, beta: float) -> Any:
        self._tape.append(("sample", size, round(beta, 3)))
        return Batch(*(torch.zeros(size) for _ in Batch._fields))

    def update_priorities(self, index: Any, error: Any) -> None:
        self._tape.append(("update_priorities", len(index), len(error)))

    def state_dict(self) -> dict[str, Any]:
        return {}


class FakeCollector:
    """Writes down steps and their epsilon; an episode ends in every step that is a multiple of `ends`."""

    def __init__(self, tape: Tape, num_envs: int, ends: int) -> None:
        self._tape, self._ends, self._rounds = tape, ends, 0
        self.env = SimpleNamespace(num_envs=num_envs)
        self.finished: list[tuple[float, float, int]] = []

    def step(self, epsilon: float) -> int:
        self._tape.append(("step", round(epsilon, 3)))
        self._rounds += 1
        ended = int(self._rounds % self._ends == 0)
        self.finished += [(7.0, 7.0, 5)] * ended
        return ended

    def state_dict(self) -> dict[str, Any]:
        return {}


class FakeOutput:
    """Writes down what is logged, kept and saved, and at which step."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.logged: list[tuple[int, dict[str, float]]] = []

    def log(self, env_steps: int, values: dict[str, float]) -> None:
        self._tape.append(("log", env_steps))
        self.logged.append((env_steps, values))

    def keep_best(self, agent: dict[str, Any], note: dict[str, Any]) -> None:
        self._tape.append(("keep", note["env_steps"], note["score"]["mean"]))

    def save(self, state: dict[str, Any], env_steps: int) -> None:
        self._tape.append(("save", env_steps))


def score_of(mean: float, episodes: int) -> Score:
    return Score(np.full(episodes, mean), np.full(episodes, 9), 0)


class FakeEvaluator:
    """Answers with the scores of a list, one for each evaluation, and of another for confirmations."""

    def __init__(self, tape: Tape, scores: list[float], confirmed: list[float]) -> None:
        self._tape, self._left = tape, {"evaluation": list(scores), "solved": list(confirmed)}

    def __call__(self, stream: str, key: int, episodes: int, _stop: Any) -> Score:
        self._tape.append(("evaluate", stream, key, episodes))
        return score_of(self._left[stream].pop(0), episodes)


def record(
    *,
    scores: tuple[float, ...] = (0.0,) * 99,
    confirmed: tuple[float, ...] = (),
    reward_threshold: float | None = None,
    block: int = 1,
    ends: int = 100,
    **fields: Any,
) -> tuple[Trainer, Tape, FakeOutput]:
    """Runs a trainer of fakes to its end; returns it, the tape and the output."""
    named = {name.replace("__", "."): value for name, value in fields.items()}
    config: Config = with_fields(preset_config("dqn", "CartPole-v1", "state"), PLAN | named)
    tape: Tape = []
    output = FakeOutput(tape)
    parts: dict[str, Any] = {
        "agent": FakeAgent(tape),
        "memory": FakeMemory(tape, block),
        "collector": FakeCollector(tape, config.env.num_envs, ends),
        "evaluator": FakeEvaluator(tape, list(scores), list(confirmed)),
        "output": output,
    }
    trainer = Trainer(
        config,
        window=Window(),
        reward_threshold=reward_threshold,
        device=torch.device("cpu"),
        normalise=lambda _: None,
        **cast(Any, parts),
    )
    assert trainer.run(lambda: False)
    return trainer, tape, output


def only(tape: Tape, *kinds: str) -> Tape:
    return [entry for entry in tape if entry[0] in kinds]


def test_a_whole_run_asks_this_of_its_parts_in_this_order() -> None:
    """Two environments, 12 steps: ε falls by 1/4 a round; an update on 2 steps from step 4 on; a copy on 4.

    The updates of a step come before its target copy, and the end of the budget is learned from, logged,
    evaluated and saved.
    """
    betas = {6: 0.7, 8: 0.8, 10: 0.9, 12: 1.0}  # from .4 at the start
    learned = {
        step: [("sample", 3, beta), ("update", 3, 1), ("update_priorities", 3, 3)]
        for step, beta in betas.items()
    }
    _, tape, _ = record()
    assert tape == [
        ("step", 1.0),
        ("step", 0.75),
        ("copy target",),
        ("step", 0.5),
        *learned[6],
        ("step", 0.25),
        *learned[8],
        ("copy target",),
        ("step", 0.0),
        *learned[10],
        ("step", 0.0),
        *learned[12],
        ("copy target",),
        ("log", 12),
        ("evaluate", "evaluation", 0, 20),
        ("log", 12),
        ("keep", 12, 0.0),
        ("save", 12),
    ]


def test_several_updates_are_drawn_for_at_once_in_blocks_that_end_at_multiples_of_their_size() -> None:
    """10 updates at step 4, then 10 at step 6, in blocks of 8: 8 and 2, then 6 and 4 (8 + 2 + 6 = 16)."""
    fields = {"schedule__gradient_steps": 10, "schedule__learning_starts": 2, "steps": 6}
    _, tape, _ = record(block=8, **fields)
    assert only(tape, "update") == [("update", 3 * n, n) for n in (8, 2, 6, 4)]


def test_the_learning_rate_falls_over_the_budget_and_is_set_before_the_updates() -> None:
    """From .4 to 0 over 12 steps: .2 at step 6, and so on."""
    _, tape, _ = record(learning__learning_rate=0.4, learning__learning_rate_end=1e-9)
    told = only(tape, "learning rate", "update")
    assert [entry[0] for entry in told] == ["learning rate", "update"] * 4
    assert [entry[1] for entry in told[::2]] == pytest.approx([0.2, 0.4 / 3, 0.2 / 3, 0.0], abs=1e-6)


def test_the_best_evaluation_is_kept_and_of_equals_the_later() -> None:
    """At 2, 4, … steps: 10, 30, 20, 30, 5, 5."""
    trainer, tape, _ = record(scores=(10, 30, 20, 30, 5, 5), evaluation__every=2)
    assert only(tape, "keep") == [("keep", 2, 10.0), ("keep", 4, 30.0), ("keep", 8, 30.0)]
    assert trainer.progress.best_mean == 30.0


def test_one_lucky_evaluation_does_not_solve() -> None:
    """475 is reached at 4 and confirmed by 474 only; at 8 it is reached and confirmed."""
    scores, confirmed = (10.0, 480.0, 20.0, 476.0), (474.0, 475.0)
    trainer, tape, output = record(
        scores=scores, confirmed=confirmed, reward_threshold=475.0, evaluation__every=2
    )
    assert only(tape, "evaluate") == [
        ("evaluate", "evaluation", 0, 20),
        ("evaluate", "evaluation", 0, 20),
        ("evaluate", "solved", 4, 100),
        ("evaluate", "evaluation", 0, 20),
        ("evaluate", "evaluation", 0, 20),
        ("evaluate", "solved", 8, 100),
    ]
    assert trainer.solved and trainer.progress.steps_to_solve == 8
    assert only(tape, "keep")[-1] == ("keep", 8, 475.0)
    confirmations = [(at, row["return/solved"]) for at, row in output.logged if "return/solved" in row]
    assert confirmations == [(4, 474.0), (8, 475.0)]


def test_without_a_mark_nothing_is_confirmed_and_the_budget_is_spent() -> None:
    trainer, tape, _ = record(scores=(500.0,) * 6, evaluation__every=2)
    assert {entry[1] for entry in only(tape, "evaluate")} == {"evaluation"}
    assert trainer.progress.env_steps == 12 and not trainer.solved


def test_a_budget_that_is_no_multiple_of_a_round_is_overshot_and_evaluated_once_at_its_end() -> None:
    """13 steps of two environments: 14. Evaluations are due at 5 and 10: after 6 and 10, and at the end."""
    _, tape, output = record(steps=13, evaluation__every=5)
    assert len(only(tape, "step")) == 7
    assert len(only(tape, "evaluate")) == 3
    assert [at for at, row in output.logged if "return/eval" in row] == [6, 10, 14]


def test_a_run_of_episodes_goes_by_their_clock() -> None:
    """An episode ends in every second round: 3 episodes take 6 rounds, and 2 updates follow each."""
    fields = {
        "schedule__clock": "episodes",
        "schedule__episodes": 3,
        "schedule__learning_starts": 0,
        "schedule__train_frequency": 1,
        "schedule__gradient_steps": 2,
        "target__update_period": 3,
        "steps": 1_000,
    }
    trainer, tape, _ = record(ends=2, **fields)
    assert len(only(tape, "step")) == 6
    assert len(only(tape, "update")) == trainer.progress.updates == 6
    assert only(tape, "copy target") == [("copy target",)]


def test_what_is_logged_are_means_since_the_last_entry() -> None:
    """The loss of every fake update is 1 and its value 2; two episodes of return 7 and 5 steps end."""
    _, _, output = record(ends=3)
    [(at, values)] = [entry for entry in output.logged if "loss/td" in entry[1]]
    assert at == 12
    assert (values["loss/td"], values["q/mean"]) == (1.0, 2.0)
    assert (values["return/train"], values["length/train"], values["episodes"]) == (7.0, 5.0, 2.0)
    assert values["updates"] == 4.0


def test_checkpoints_are_saved_by_the_clock_on_the_wall() -> None:
    """With 0 seconds between them after every round, and once more at the end."""
    _, tape, _ = record(checkpoint_seconds=0.0)
    assert [entry[1] for entry in only(tape, "save")] == [0, 2, 4, 6, 8, 10, 12, 12]
