"""The trainer with fakes: a tape of the calls to its parts, in order."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from agents.acting.episodes import Episode, ShouldStop, never
from agents.acting.policy import GreedyPolicy
from agents.acting.score import Score
from agents.config import Config, with_fields
from agents.config.presets import preset_config
from agents.learning.batch import Batch
from agents.runs.checkpoint import BestCheckpoint
from agents.runs.chunks import State
from agents.training.clock import Clock
from agents.training.evaluation import EvaluationRule
from agents.training.progress import Progress
from agents.training.stopwatch import Stopwatch
from agents.training.trainer import Trainer

Tape = list[tuple[Any, ...]]
FIELDS = {
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
    """Records updates and copies; each loss is 1."""

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


class FakePolicy:
    """Holds a network."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.network = network

    def with_parameters(self, parameters: Mapping[str, torch.Tensor]) -> "FakePolicy":
        assert parameters.keys() == self.network.state_dict().keys()
        return self


class FakeMemory:
    """Records samples and their exponents."""

    def __init__(self, tape: Tape, block: int) -> None:
        self._tape, self.block = tape, block

    def sample(self, size: int, exponent: float) -> Any:
        self._tape.append(("sample", size, round(exponent, 3)))
        return Batch(*(torch.zeros(size) for _ in Batch._fields))

    def update_priorities(self, index: Any, error: Any) -> None:
        self._tape.append(("update_priorities", len(index), len(error)))

    def state_dict(self) -> dict[str, Any]:
        return {}


class FakeCollector:
    """Records steps and their ε; an episode ends in every `ends`-th step."""

    def __init__(self, tape: Tape, num_envs: int, ends: int) -> None:
        self._tape, self._ends, self._rounds = tape, ends, 0
        self.env = SimpleNamespace(num_envs=num_envs)
        self.episodes: list[Episode] = []
        self.meanwhile: Callable[[], object] | None = None

    def step(self, epsilon: float) -> int:
        self._tape.append(("step", round(epsilon, 3)))
        if self.meanwhile is not None:
            self.meanwhile()
        self._rounds += 1
        ended = int(self._rounds % self._ends == 0)
        self.episodes += [Episode(0, 7.0, 7.0, 5)] * ended
        return ended

    def state_dict(self) -> dict[str, Any]:
        return {}


class FakeFolder:
    """Records scalars and checkpoints, with their steps."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.logged: list[tuple[int, dict[str, float]]] = []

    def log(self, env_steps: int, values: Mapping[str, float]) -> None:
        self._tape.append(("log", env_steps))
        self.logged.append((env_steps, dict(values)))

    def save_best(self, best: BestCheckpoint) -> None:
        self._tape.append(("save best", best.env_steps, best.score["mean"]))

    def save(self, trainer: State, env_steps: int) -> None:
        assert trainer
        self._tape.append(("save", env_steps))


class FakeEvaluator:
    """Answers with the scores of two lists: periodic evaluations and confirmations."""

    def __init__(
        self, tape: Tape, policy: FakePolicy, scores: Sequence[float], confirmations: Sequence[float]
    ) -> None:
        self.policy = policy
        self._tape, self._scores, self._confirmations = tape, list(scores), list(confirmations)

    def periodic(self, should_stop: ShouldStop = never) -> Score:
        assert not should_stop()
        self._tape.append(("evaluate",))
        return self._score(self._scores.pop(0), 20)

    def confirm(
        self,
        env_steps: int,
        should_stop: ShouldStop = never,
        policy: GreedyPolicy | None = None,
        *,
        greedy: bool = False,
    ) -> Score:
        assert not should_stop() and not greedy
        self._tape.append(("confirm", env_steps) if policy is None else ("confirm best", env_steps))
        return self._score(self._confirmations.pop(0), 100)

    def _score(self, mean: float, episodes: int) -> Score:
        return Score(np.full(episodes, mean), np.full(episodes, 9), 0)


def make_trainer(
    tape: Tape,
    *,
    scores: Sequence[float] = (0.0,) * 99,
    confirmations: Sequence[float] = (),
    reward_threshold: float | None = None,
    block: int = 1,
    ends: int = 100,
    **fields: Any,
) -> tuple[Trainer, FakeFolder]:
    """Make a trainer of fakes."""
    named = {name.replace("__", "."): value for name, value in fields.items()}
    config: Config = with_fields(preset_config("dqn", "CartPole-v1", "state"), FIELDS | named)
    folder, agent, progress = FakeFolder(tape), FakeAgent(tape), Progress()
    evaluation = EvaluationRule(
        config=config,
        evaluator=cast(Any, FakeEvaluator(tape, FakePolicy(agent.ema_network), scores, confirmations)),
        progress=progress,
        folder=cast(Any, folder),
        reward_threshold=reward_threshold,
    )
    trainer = Trainer(
        config=config,
        progress=progress,
        stopwatch=Stopwatch(),
        agent=cast(Any, agent),
        memory=cast(Any, FakeMemory(tape, block)),
        collector=cast(Any, FakeCollector(tape, config.env.num_envs, ends)),
        evaluation=evaluation,
        folder=cast(Any, folder),
        device=torch.device("cpu"),
    )
    return trainer, folder


def record(**settings: Any) -> tuple[Trainer, Tape, FakeFolder]:
    """Run a trainer of fakes to its end; return it, the tape and the folder."""
    tape: Tape = []
    trainer, folder = make_trainer(tape, **settings)
    assert trainer.run(never)
    return trainer, tape, folder


def only(tape: Tape, *kinds: str) -> Tape:
    return [entry for entry in tape if entry[0] in kinds]


def test_a_whole_run_calls_its_parts_in_this_order() -> None:
    """Two environments, 12 steps: ε falls by 1/4 a round; an update on 2 steps from step 4 on; a copy on 4.

    The updates of a step come before its target copy, and the end of the budget is learned from, logged,
    evaluated and saved.
    """
    exponents = {6: 0.7, 8: 0.8, 10: 0.9, 12: 1.0}  # from .4 at the start
    learned = {
        step: [("sample", 3, exponent), ("update", 3, 1), ("update_priorities", 3, 3)]
        for step, exponent in exponents.items()
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
        ("evaluate",),
        ("log", 12),
        ("save best", 12, 0.0),
        ("save", 12),
    ]


def test_overlapped_updates_are_taken_within_the_next_step() -> None:
    """The same as in order, but each step begins before the updates; those of the last are left out."""
    in_order, overlapped = record()[1], record(schedule__overlap=True)[1]
    end = in_order.index(("log", 12))
    starts = [i for i, entry in enumerate(in_order) if entry[0] == "step"]
    expected: Tape = []
    for before, start in zip([0, *(i + 1 for i in starts)], starts, strict=False):
        expected += [in_order[start], *in_order[before:start]]
    assert overlapped == expected + in_order[end:]


@pytest.mark.parametrize(
    ("num_envs", "num_steps", "epochs", "batch"), [(4, 8, 2, 8), (3, 5, 3, 7), (1, 4, 9, 2)]
)
def test_overlapped_updates_of_a_rollout_are_spread_over_the_next(
    num_envs: int, num_steps: int, epochs: int, batch: int
) -> None:
    """None before the first is full; then each has the same number, one more or less in every step."""
    config = with_fields(
        preset_config("pqn", "CartPole-v1", "state"),
        {
            "env.num_envs": num_envs,
            "memory.num_steps": num_steps,
            "memory.update_epochs": epochs,
            "learning.batch_size": batch,
            "schedule.overlap": True,
        },
    )
    progress, due = Progress(), []
    clock, plain = (
        Clock(config, progress),
        Clock(with_fields(config, {"schedule.overlap": False}), progress),
    )
    for step in range(4 * num_steps):
        progress.env_steps = step * num_envs
        due.append(clock.updates_due)
    per_rollout, taken = epochs * num_envs * num_steps // batch, np.diff(due)
    assert due[num_steps - 1] == 0
    assert due[2 * num_steps - 1 :: num_steps] == [per_rollout, 2 * per_rollout, 3 * per_rollout]
    assert np.ptp(taken[num_steps - 1 :]) <= 1
    progress.env_steps = 2 * num_envs * num_steps
    assert plain.updates_due == 2 * per_rollout


def test_batches_are_drawn_in_blocks_that_end_at_multiples_of_their_size() -> None:
    """10 updates at step 4, then 10 at step 6, in blocks of 8: 8 and 2, then 6 and 4 (8 + 2 + 6 = 16)."""
    fields = {"schedule__gradient_steps": 10, "schedule__learning_starts": 2, "steps": 6}
    _, tape, _ = record(block=8, **fields)
    assert only(tape, "update") == [("update", 3 * n, n) for n in (8, 2, 6, 4)]


def test_the_learning_rate_falls_over_the_budget_and_is_set_before_the_updates() -> None:
    """From .4 to 0 over 12 steps: .2 at step 6, and so on."""
    _, tape, _ = record(learning__learning_rate=0.4, learning__learning_rate_end=1e-9)
    entries = only(tape, "learning rate", "update")
    assert [entry[0] for entry in entries] == ["learning rate", "update"] * 4
    assert [entry[1] for entry in entries[::2]] == pytest.approx([0.2, 0.4 / 3, 0.2 / 3, 0.0], abs=1e-6)


def test_the_best_evaluation_is_saved_and_of_equal_ones_the_later() -> None:
    """At 2, 4, … steps: 10, 30, 20, 30, 5, 5."""
    trainer, tape, _ = record(scores=(10, 30, 20, 30, 5, 5), evaluation__every=2)
    assert only(tape, "save best") == [
        ("save best", 2, 10.0),
        ("save best", 4, 30.0),
        ("save best", 8, 30.0),
    ]
    assert trainer.progress.best_mean == 30.0


def test_one_lucky_evaluation_does_not_solve() -> None:
    """475 is reached at 4 and confirmed by 474 only; at 8 it is reached and confirmed."""
    scores, confirmations = (10.0, 480.0, 20.0, 476.0), (474.0, 475.0)
    trainer, tape, folder = record(
        scores=scores, confirmations=confirmations, reward_threshold=475.0, evaluation__every=2
    )
    assert only(tape, "evaluate", "confirm") == [
        ("evaluate",),
        ("evaluate",),
        ("confirm", 4),
        ("evaluate",),
        ("evaluate",),
        ("confirm", 8),
    ]
    assert trainer.evaluation.solved and trainer.progress.steps_to_solve == 8
    assert only(tape, "save best")[-1] == ("save best", 8, 475.0)
    logged = [(at, row["return/solved"]) for at, row in folder.logged if "return/solved" in row]
    assert logged == [(4, 474.0), (8, 475.0)]


def test_without_a_threshold_nothing_is_confirmed_and_the_budget_is_spent() -> None:
    trainer, tape, _ = record(scores=(500.0,) * 6, evaluation__every=2)
    assert only(tape, "evaluate") and not only(tape, "confirm")
    assert trainer.progress.env_steps == 12 and not trainer.evaluation.solved


def test_a_budget_that_is_no_multiple_of_a_round_is_overshot_and_evaluated_once_at_its_end() -> None:
    """13 steps of two environments: 14. Evaluations are due at 5 and 10: after 6 and 10, and at the end."""
    _, tape, folder = record(steps=13, evaluation__every=5)
    assert len(only(tape, "step")) == 7
    assert len(only(tape, "evaluate")) == 3
    assert [at for at, row in folder.logged if "return/eval" in row] == [6, 10, 14]


def test_the_clock_may_count_episodes() -> None:
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


def test_logged_values_are_means_since_the_last_entry() -> None:
    """The loss of every fake update is 1 and its value 2; two episodes of return 7 and 5 steps end."""
    _, _, folder = record(ends=3)
    [(at, values)] = [entry for entry in folder.logged if "loss/td" in entry[1]]
    assert at == 12
    assert (values["loss/td"], values["q/mean"]) == (1.0, 2.0)
    assert (values["return/train"], values["length/train"], values["episodes"]) == (7.0, 5.0, 2.0)
    assert values["updates"] == 4.0


def test_checkpoints_are_saved_by_wall_clock_time() -> None:
    """With 0 seconds between them after every round, and once more at the end."""
    _, tape, _ = record(checkpoint_seconds=0.0)
    assert [entry[1] for entry in only(tape, "save")] == [0, 2, 4, 6, 8, 10, 12]


def test_the_best_checkpoint_and_the_last_agent_are_measured_at_the_end() -> None:
    """The best agent of a run that solved nothing is an old one: two confirmations."""
    tape: Tape = []
    trainer, _ = make_trainer(tape, scores=(30, 20), confirmations=(7, 8), evaluation__every=6)
    assert trainer.run(never)
    weights = {name: value + 1 for name, value in trainer.agent.ema_network.state_dict().items()}
    best = BestCheckpoint(weights, 6, Score(np.full(20, 30.0), np.full(20, 9), 0).summary())
    summary = trainer.evaluation.summarize(best, trainer.stopwatch)
    assert only(tape, "confirm", "confirm best") == [("confirm", 12), ("confirm best", 12)]
    assert (summary.final_mean, summary.eval_mean, summary.eval_episodes) == (7, 8, 100)
    assert (summary.eval_at_step, summary.solved) == (6, None)


@pytest.mark.parametrize("confirmed", [True, False])
def test_only_a_confirmed_checkpoint_needs_no_measurement(confirmed: bool) -> None:
    """A run may have reached a threshold, and saved a better agent since that nothing confirmed."""
    tape: Tape = []
    trainer, _ = make_trainer(
        tape, scores=(480,), confirmations=(475, 1, 2), reward_threshold=475.0, evaluation__every=6
    )
    assert trainer.run(never)
    score = Score(np.full(20, 490.0), np.full(20, 9), 0).summary()
    best = BestCheckpoint(trainer.agent.ema_network.state_dict(), 4, score, confirmed)
    summary = trainer.evaluation.summarize(best, trainer.stopwatch)
    assert summary.solved
    assert (summary.final_mean, summary.eval_mean) == ((1, 490) if confirmed else (1, 2))


@pytest.mark.parametrize(("new_threshold", "evaluated"), [(True, True), (False, False)])
def test_a_finished_run_is_evaluated_again_under_a_new_threshold(
    new_threshold: bool, evaluated: bool
) -> None:
    tape: Tape = []
    trainer, _ = make_trainer(tape, scores=(30, 30), confirmations=(30,), reward_threshold=20.0)
    trainer.progress.env_steps = trainer.progress.evaluated_at = trainer.progress.logged_at = 12
    trainer.progress.updates, trainer.progress.target_copies = 4, 3
    trainer.evaluation.resume(new_threshold=new_threshold)
    assert trainer.complete is not evaluated
    assert trainer.run(never)
    assert trainer.evaluation.solved is evaluated and len(only(tape, "evaluate")) == evaluated


def test_the_seconds_of_all_sections_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that moves by one at each reading: every section takes one second."""
    ticks = iter(range(1_000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(ticks)))
    stopwatch = Stopwatch()
    stopwatch.start()
    for section in ("act", "env", "learn", "evaluate", "learn"):
        stopwatch.lap(section)
    assert stopwatch.train_seconds == 4.0 and stopwatch.seconds["evaluate"] == 1.0
    assert stopwatch.train_shares == {"act": 0.25, "env": 0.25, "memory": 0.0, "learn": 0.5, "log": 0.0}
    assert stopwatch.recent()["learn"] == 2.0 and stopwatch.slowest == "learn 50 %"
    stopwatch.clear()
    assert not any(stopwatch.recent().values()) and stopwatch.train_seconds == 4.0
