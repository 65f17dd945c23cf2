"""Linear probes: ridge regressions from features to the true state."""

import numpy as np
import torch

from agents.acting.policy import Array

PENALTIES = 10.0 ** np.arange(-2, 6, 2)
FIT, CHOOSE, TEST = 0, 1, 2


def decoded_share(features: Array, state: Array, part: Array) -> Array:
    """Return the R² of linear predictions of each state variable, on test rows.

    Ridge regression (Hoerl and Kennard 1970, doi:10.1080/00401706.1970.10488634); the penalty is chosen
    separately for each variable, on validation rows, which the final regression is then fit on as well.

    Args:
        features: `[N, D]`.
        state: `[N, V]` the true variables.
        part: `[N]` purpose of each row: `FIT`, `CHOOSE` the penalty or `TEST`; whole episodes each, as
            neighbours resemble each other.

    Returns:
        `[V]` R², the coefficient of determination: 1 is perfect, 0 no better than the mean; NaN for
        constant variables, and for all if the regressions cannot be solved.

    Raises:
        ValueError: a part has no rows.

    Example:
        >>> part = np.arange(60) % 3
        >>> features = np.random.default_rng(1).normal(size=(60, 4))
        >>> decoded_share(features, features[:, :1] * 2 + 1, part).round(3)
        array([1.])
    """
    if set(np.unique(part)) != {FIT, CHOOSE, TEST}:
        raise ValueError("Each of the three parts needs rows.")
    trials = _ridge(features, state, part == FIT, part == CHOOSE, PENALTIES)
    scores = np.stack([r_squared(state[part == CHOOSE], trial) for trial in trials])  # [P, V]
    best = PENALTIES[np.where(np.isnan(scores), -np.inf, scores).argmax(axis=0)]
    chosen, which = np.unique(best, return_inverse=True)
    guesses = np.stack(_ridge(features, state, part != TEST, part == TEST, chosen))  # [P', N', V]
    return r_squared(state[part == TEST], guesses[which, :, np.arange(state.shape[1])].T)


def r_squared(simulator_state: Array, guess: Array) -> Array:
    """Coefficient of determination `[V]` of each column of `[N, V]`; NaN for constants."""
    error = ((simulator_state - guess) ** 2).sum(axis=0)
    spread = ((simulator_state - simulator_state.mean(axis=0)) ** 2).sum(axis=0)
    return 1.0 - np.divide(error, spread, out=np.full_like(spread, np.nan), where=spread > 1e-12)


def _ridge(features: Array, state: Array, fit: Array, predict: Array, penalties: Array) -> list[Array]:
    """Return the predictions `[N', V]` under each penalty; NaN without a Cholesky factor.

    One scale serves all features: standardising each would blow up those that hardly ever vary. There is
    no factor if features are not finite, as in a diverging network, or if float32's rounding of many rows
    outgrows a small penalty.
    """
    inputs, queries, target = (
        torch.from_numpy(rows).float() for rows in (features[fit], features[predict], state[fit])
    )
    mean, offset = inputs.mean(0), target.mean(0)
    scale = max(float(inputs.std(0, correction=0).max()), 1e-12)
    inputs, queries = (inputs - mean) / scale, (queries - mean) / scale
    right, left = target - offset, queries
    if inputs.shape[0] < inputs.shape[1]:  # the smaller of two equivalent problems
        gram, left = inputs @ inputs.T, queries @ inputs.T
    else:
        gram, right = inputs.T @ inputs, inputs.T @ right
    gram, right, left = gram.double(), right.double(), left.double()  # float32 might not factorise
    ridge = torch.eye(len(gram), dtype=torch.float64)
    predictions = []
    for penalty in penalties:
        factor, failed = torch.linalg.cholesky_ex(gram + penalty * ridge)
        prediction = left @ torch.cholesky_solve(right, factor) + offset
        predictions.append((torch.full_like(prediction, torch.nan) if failed else prediction).numpy())
    return predictions
