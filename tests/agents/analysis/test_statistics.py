"""Aggregates and intervals: by hand, against scipy, and against rliable's numbers."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from agents.analysis.intervals import (
    Times,
    improvement_interval,
    ratio_of_medians,
    share_interval,
    student_interval,
)
from agents.analysis.statistics import (
    area_under_curve,
    bootstrap,
    iqm,
    mean,
    median,
    optimality_gap,
    performance_profile,
    probability_of_improvement,
)
from tests.agents.analysis.percentiles import percentile_interval

# Scores of two methods on three tasks, 7 and 5 runs, with ties. What rliable 1.2.0 (arch 7.2.0, pandas
# 2.3.3, numpy 2.4.6, scipy 1.17.1) says of them: get_interval_estimates with 200,000 resamplings, 20,000 for
# the probability of improvement, create_performance_profile with 50,000; np.random.seed(0) before each.
X = [
    [0.12, 0.34, 0.20, 0.41, 0.28, 0.34, 0.19],
    [0.55, 0.61, 0.48, 0.70, 0.66, 0.59, 0.73],
    [1.10, 0.90, 1.35, 1.00, 1.22, 0.95, 1.41],
]
Y = [
    [0.30, 0.34, 0.10, 0.25, 0.05],
    [0.50, 0.44, 0.48, 0.39, 0.61],
    [1.00, 0.81, 0.97, 1.10, 0.77],
]
RLIABLE = {
    median: (
        (0.6171428571428572, 0.557142857142857, 0.6757142857142856),
        (0.484, 0.426, 0.5539999999999999),
    ),
    iqm: (
        (0.6290909090909091, 0.5881818181818183, 0.6763636363636364),
        (0.5155555555555557, 0.47333333333333333, 0.5711111111111111),
    ),
    mean: (
        (0.6728571428571429, 0.6185714285714287, 0.728095238095238),
        (0.5406666666666666, 0.48733333333333334, 0.5933333333333334),
    ),
    optimality_gap: (
        (0.37857142857142867, 0.3466666666666667, 0.41095238095238096),
        (0.46599999999999997, 0.4179999999999999, 0.5159999999999999),
    ),
}
IMPROVEMENT = (0.7619047619047619, 0.59047619, 0.9047619)
SCORES = [0.0, 0.34, 0.5, 0.61, 1.0, 1.22]
PROFILE = (
    [1.0, 0.7142857142857143, 0.6190476190476191, 0.47619047619047616, 0.19047619047619047, 0.09523809523809523],
    [1.0, 0.6666666666666666, 0.5238095238095238, 0.38095238095238093, 0.047619047619047616, 0.0],
    [1.0, 0.8095238095238095, 0.6666666666666666, 0.6190476190476191, 0.2857142857142857, 0.19047619047619047],
)  # fmt: skip


def tasks(rows: list[list[float]]) -> list[np.ndarray]:
    return [np.array(row) for row in rows]


@pytest.mark.parametrize("statistic", RLIABLE, ids=lambda s: s.__name__)
@pytest.mark.parametrize("side", [0, 1])
def test_aggregates_equal_rliables(statistic: Callable[..., np.ndarray], side: int) -> None:
    scores = tasks((X, Y)[side])
    point, low, high = RLIABLE[statistic][side]
    assert statistic(scores) == pytest.approx(point, abs=1e-9)
    ours = percentile_interval(bootstrap(statistic, scores, repeats=50_000))
    # The quantile of 50,000 draws is known to about a fiftieth of the width of their spread.
    assert ours == pytest.approx((low, high), abs=0.02 * (high - low))


def test_probability_of_improvement_equals_rliables() -> None:
    x, y = tasks(X), tasks(Y)
    assert probability_of_improvement(x, y) == pytest.approx(IMPROVEMENT[0], abs=1e-9)
    ours = percentile_interval(bootstrap(probability_of_improvement, x, y, repeats=20_000))
    assert ours == pytest.approx(IMPROVEMENT[1:], abs=1 / 105)  # one pair of 3 x 35 more or less


def test_profile_equals_rliables() -> None:
    def profile(scores: list[np.ndarray]) -> np.ndarray:
        return performance_profile(scores, SCORES)

    assert profile(tasks(X)) == pytest.approx(PROFILE[0], abs=1e-9)
    low, high = percentile_interval(bootstrap(profile, tasks(X), repeats=20_000))
    assert low == pytest.approx(PROFILE[1], abs=1e-9)
    assert high == pytest.approx(PROFILE[2], abs=1e-9)


def test_iqm_leaves_out_the_outer_quarters() -> None:
    """Of eight runs the two lowest and the two highest: (3 + 4 + 5 + 6) / 4 = 4.5."""
    assert iqm([np.array([9.0, 3, 1, 6]), np.array([-50.0, 4, 5, 700])]) == 4.5


def test_iqm_rounds_the_quarters_down() -> None:
    """Of seven runs one on each side: (2 + 3 + 4 + 5 + 6) / 5 = 4; of three, none: 12 / 3."""
    assert iqm([np.array([1.0, 2, 3, 4, 5, 6, 70])]) == 4
    assert iqm([np.array([1.0, 2, 9])]) == 4


def test_probability_of_improvement_counts_ties_as_one_half() -> None:
    """3 beats 2 and 1; 1 loses to 2 and ties with 1: (1 + 1 + 0 + 1/2) / 4 = 0.625."""
    assert probability_of_improvement([np.array([3.0, 1])], [np.array([2.0, 1])]) == 0.625


def test_probability_of_improvement_is_mann_and_whitneys() -> None:
    generator = np.random.default_rng(3)
    x, y = generator.integers(0, 9, 12).astype(float), generator.integers(1, 10, 17).astype(float)
    share = stats.mannwhitneyu(x, y).statistic / (12 * 17)
    assert probability_of_improvement([x], [y]) == pytest.approx(share, abs=1e-12)
    assert probability_of_improvement([x, y], [y, x]) == pytest.approx(0.5, abs=1e-12)


def test_methods_with_other_numbers_of_tasks_are_not_compared() -> None:
    with pytest.raises(ValueError):
        probability_of_improvement([np.ones(2)], [np.ones(2), np.ones(2)])


def test_optimality_gap_ignores_what_lies_above_the_target() -> None:
    """1 - (0.5 + 1 + 1) / 3 = 1/6."""
    assert optimality_gap([np.array([0.5, 1.0, 9.0])]) == pytest.approx(1 / 6)


def test_area_under_curve_holds_both_ends() -> None:
    """0 to 10: 2 until 4, up to 6 at 8, 6 from there: (8 + 16 + 12) / 10 = 3.6."""
    assert area_under_curve([4, 8], [2.0, 6.0], 10) == pytest.approx(3.6)
    assert area_under_curve([4, 8, 9], [2.0, 6.0, 0.0], 6) == pytest.approx((8 + 6) / 6)  # cut at (6, 4)


def test_resampling_stays_within_each_task() -> None:
    scores = [np.array([1.0, 2.0]), np.array([10.0, 20.0, 30.0])]
    small, large = bootstrap(list, scores, repeats=500)
    assert (small.shape, large.shape) == ((500, 2), (500, 3))
    assert set(np.unique(small)) == {1.0, 2.0} and set(np.unique(large)) == {10.0, 20.0, 30.0}


def test_resampling_draws_runs_whole() -> None:
    """Curves `[G, R]`: the second point of each run is its first plus 100, in every resampling too."""
    (drawn,) = bootstrap(list, [np.array([[1.0, 2, 3], [101, 102, 103]])], repeats=50)
    assert drawn.shape == (50, 2, 3)
    assert (drawn[:, 1] - drawn[:, 0] == 100).all()


def test_bootstrap_draws_every_sample_alike() -> None:
    """Means of two draws from {0, 1}: 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4."""
    draws = bootstrap(mean, [np.array([0.0, 1.0])], repeats=40_000)
    assert np.bincount((2 * draws).astype(int)) / 40_000 == pytest.approx([0.25, 0.5, 0.25], abs=0.01)


def test_bootstrap_is_repeatable() -> None:
    draws = [bootstrap(iqm, tasks(X), repeats=100, seed=seed) for seed in (1, 1, 2)]
    assert (draws[0] == draws[1]).all() and (draws[0] != draws[2]).any()


@pytest.mark.parametrize("runs", [3, 5, 12])
def test_student_interval_of_a_mean_is_the_classical_one(runs: int) -> None:
    scores = np.random.default_rng(runs).normal(5, 2, runs)
    low, high = stats.t.interval(0.95, runs - 1, scores.mean(), stats.sem(scores))
    interval = student_interval(mean, [scores], repeats=40_000)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.015 * (high - low))


def test_student_interval_takes_welchs_degrees_of_freedom() -> None:
    """Mean over two tasks, 4 and 9 runs: half of Welch's interval of a sum."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(0, 5, 4), generator.normal(0, 1, 9)
    welch = stats.ttest_ind(x, -y, equal_var=False).confidence_interval()
    interval = student_interval(mean, [x, y], repeats=40_000)
    assert (interval.low, interval.high) == pytest.approx((welch.low / 2, welch.high / 2), rel=0.03)


@pytest.mark.parametrize(("runs", "factor"), [(3, np.sqrt(3 / 2)), (5, 1.0)])
def test_student_interval_of_a_trimmed_task_is_not_widened(runs: int, factor: float) -> None:
    """Three runs are not trimmed, so that their interval is the mean's; five are."""
    scores = [np.random.default_rng(1).normal(size=runs)]
    spread = bootstrap(iqm, scores).std() * factor
    interval = student_interval(iqm, scores)
    assert interval.high - interval.point == pytest.approx(stats.t.ppf(0.975, runs - 1) * spread)


def test_student_interval_of_curves_is_that_of_each_point() -> None:
    curves = np.random.default_rng(0).normal(size=(3, 6))  # [G, R]
    whole = student_interval(iqm, [curves], seed=4)
    single = student_interval(iqm, [curves[1]], seed=4)
    assert (whole.low[1], whole.high[1]) == pytest.approx((single.low, single.high))


def test_two_runs_get_no_interval_and_equal_runs_a_point() -> None:
    assert np.isnan(student_interval(iqm, [np.array([1.0, 2.0])]).low)
    assert student_interval(iqm, [np.full(5, 500.0)]) == (500, 500, 500)


def test_improvement_interval_solves_newcombes_equation() -> None:
    """Five against five, all won: (1 - L)² = z² L (1 - L) / 25 (1 + 4 ((1 - L)/(2 - L) + L/(1 + L)))."""
    low = improvement_interval(1.0, [(5, 5)]).low
    bend = (1 - low) / (2 - low) + low / (1 + low)
    assert 1 - low == pytest.approx(stats.norm.ppf(0.975) ** 2 * low / 25 * (1 + 4 * bend), rel=1e-6)
    assert 0.6 < low < 0.7


def test_improvement_interval_mirrors_and_narrows() -> None:
    some = improvement_interval(0.8, [(5, 7)])
    other = improvement_interval(0.2, [(7, 5)])
    assert (1 - other.high, 1 - other.low) == pytest.approx((some.low, some.high), abs=1e-6)
    many = improvement_interval(0.8, [(5, 7)] * 4)
    assert some.low < many.low < 0.8 < many.high < some.high
    assert improvement_interval(0.0, [(5, 5)])[:2] == (0.0, 0.0)


@pytest.mark.parametrize(("successes", "runs"), [(0, 10), (3, 10), (25, 25)])
def test_share_interval_is_wilsons(successes: int, runs: int) -> None:
    expected = stats.binomtest(successes, runs).proportion_ci(method="wilson")
    assert share_interval(np.array(successes / runs), runs) == pytest.approx(
        (expected.low, expected.high), abs=1e-9
    )


def times(*observed: float, missed: int = 0) -> Times:
    """Times at which a reward threshold was reached; the last `missed` are ends of runs that did not reach it."""
    reached = np.arange(len(observed)) < len(observed) - missed
    return Times(np.array(observed, float), reached)


def test_median_time_counts_runs_that_never_reached_the_threshold() -> None:
    assert times(3, 5, 4, missed=0).median == 4
    assert times(8, 9, 4, missed=1).median == 9  # 4 is where the third ended, not when it got there
    assert times(8, 9, 10, 10, missed=2).median == np.inf


def test_ratio_of_medians_by_hand() -> None:
    """20 / 10; with three equal runs a side nothing else can be drawn."""
    assert ratio_of_medians(times(20, 20, 20), times(10, 10, 10)) == (2, 2, 2)
    interval = ratio_of_medians(times(20, 30, 40), times(10, 10, 10))
    assert interval == (
        3,
        2,
        4,
    )  # a median of three is the lowest with probability 7/27, the highest likewise


def test_ratio_of_medians_is_open_where_runs_never_reached_the_threshold() -> None:
    interval = ratio_of_medians(times(20, 30, 40, 40, 40, missed=3), times(10, 10, 10, 10, 10))
    assert np.isnan(interval.point)
    assert (interval.low, interval.high) == (2, np.inf)  # had they ended at 40, the highest would be 4
    turned = ratio_of_medians(times(10, 10, 10, 10, 10), times(20, 30, 40, 40, 40, missed=3))
    assert (turned.low, turned.high) == (0, 0.5)


def test_ratio_of_medians_stays_known_where_few_missed_the_threshold() -> None:
    interval = ratio_of_medians(times(20, 20, 20, 20, 40, missed=1), times(10, 10, 10, 10, 10))
    assert interval.point == 2
    assert interval.low == 2 and interval.high == np.inf  # three draws of the fifth run: 5.8 %
    assert np.isnan(ratio_of_medians(times(20, 20), times(10, 10, 10)).low)
