"""Measured coverage of intervals on synthetic scores: the numbers in `agents.analysis.intervals`."""

import functools
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from agents.analysis.intervals import Times, improvement_interval, ratio_of_medians, student_interval
from agents.analysis.statistics import bootstrap, iqm, probability_of_improvement
from tests.agents.analysis.percentiles import percentile_interval

TRIALS = 2_000  # coverage of 95 % is then known to half a percentage point
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def normal(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return generator.normal(size=shape)


def capped(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Like CartPole's scores near the end: most close to the cap, few far below."""
    return 10 - np.minimum(generator.exponential(size=shape), 10)


@functools.cache
def coverage(draw: Draw, tasks: int, runs: int) -> tuple[float, float]:
    """Share of trials in which Student's interval, and percentiles, hold the true interquartile mean."""
    generator = np.random.default_rng(0)
    levels = np.linspace(-2, 2, tasks)[:, np.newaxis] if tasks > 1 else np.zeros((1, 1))
    exact = stats.trim_mean((draw(generator, (tasks, 400_000 // tasks)) + levels).ravel(), 0.25)
    held = np.zeros(2)
    for trial in range(TRIALS):
        scores = list(draw(generator, (tasks, runs)) + levels)
        _, low, high = student_interval(iqm, scores, repeats=1_000, seed=trial)
        low2, high2 = percentile_interval(bootstrap(iqm, scores, repeats=1_000, seed=trial))
        held += (low <= exact <= high, low2 <= exact <= high2)
    student, percentile = held / TRIALS
    print(
        f"{draw.__name__}, {tasks} tasks, {runs} runs: student {student:.3f}, percentile {percentile:.3f}"
    )
    return student, percentile


@pytest.mark.slow
@pytest.mark.parametrize("tasks", [1, 2, 5])
@pytest.mark.parametrize("runs", [3, 5, 10, 30])
def test_student_interval_holds_what_it_says(runs: int, tasks: int) -> None:
    student, percentile = coverage(normal, tasks, runs)
    assert 0.93 <= student <= (0.975 if (tasks, runs) == (2, 3) else 0.97)
    if runs >= 30:
        assert 0.93 <= percentile <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("runs", [3, 5, 10, 30])
def test_student_interval_nearly_holds_for_capped_scores(runs: int) -> None:
    student, _ = coverage(capped, 1, runs)
    assert 0.91 <= student <= 0.975


@pytest.mark.slow
@pytest.mark.parametrize("runs", [3, 5, 10])
def test_percentiles_are_too_narrow_with_few_runs(runs: int) -> None:
    """Why pages do not show them."""
    _, percentile = coverage(normal, 1, runs)
    assert percentile < {3: 0.80, 5: 0.91, 10: 0.94}[runs]


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("runs", [3, 5, 10, 30])
def test_improvement_interval_holds_what_it_says(runs: int, ahead: float) -> None:
    generator, exact, held = np.random.default_rng(0), stats.norm.cdf(ahead / np.sqrt(2)), 0
    for _ in range(TRIALS):
        x, y = generator.normal(ahead, 1, runs), generator.normal(0, 1, runs)
        _, low, high = improvement_interval(float(probability_of_improvement([x], [y])), [(runs, runs)])
        held += low <= exact <= high
    print(f"{exact:.2f}, {runs} runs: {held / TRIALS:.3f}")
    assert (0.90 if runs == 3 else 0.93) <= held / TRIALS <= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("late", [0.0, 0.3])
@pytest.mark.parametrize("runs", [3, 5, 10, 30])
def test_ratio_of_medians_holds_what_it_says(runs: int, late: float) -> None:
    """Log-normal times whose medians are 2 and 1; a share of the slower runs ends before the reward threshold."""
    generator, held = np.random.default_rng(0), 0
    end = 2 * np.exp(0.4 * stats.norm.ppf(1 - late)) if late else np.inf
    for trial in range(TRIALS):
        x, y = 2 * np.exp(0.4 * generator.normal(size=runs)), np.exp(0.2 * generator.normal(size=runs))
        slow, fast = Times(np.minimum(x, end), x < end), Times(y, np.ones(runs, bool))
        _, low, high = ratio_of_medians(slow, fast, repeats=1_000, seed=trial)
        held += low <= 2 <= high
    print(f"{late:.0%} late, {runs} runs: {held / TRIALS:.3f}")
    assert (0.87 if runs == 3 else 0.93) <= held / TRIALS <= 0.985
