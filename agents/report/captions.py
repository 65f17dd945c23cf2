"""Captions of recorded episodes, true to the agent that plays them."""

from typing import Literal

from agents.config import Config
from agents.runs.summary import kind_of

ViewName = Literal["screen", "agent"]
DISTRIBUTIONS = {
    "categorical": "probabilities of fixed returns",
    "quantile": "quantiles",
    "iqn": "quantiles at the levels the agent acts by",
}


def describe(view: ViewName, config: Config) -> str:
    """Return the caption of a recording in this view.

    Example:
        >>> describe("screen", Config())
        'Greedy episode of a trained agent; on the right the images it observes, newest last.'
    """
    images = config.env.frame_stack if config.env.obs == "pixels" else 0
    episode = "Greedy episode of a trained agent"
    if view == "screen" and not images:
        return f"{episode}, which observes a vector of state variables, not this screen."
    if view == "screen":
        observation = "images it observes, newest last" if images > 1 else "image it observes"
        return f"{episode}; on the right the {observation}."
    if images:
        observation = "the images that the agent observes"
        saliency = (
            "its change under local blurring, by SmoothGrad, Smilkov et al. 2017; each frame has its own "
            "scale"
        )
    else:
        observation = "the state variables that the agent observes"
        saliency = (
            "its gradient by each variable times that variable's standard deviation over the episode; the "
            "longest bar fills the row"
        )
    distributions = DISTRIBUTIONS.get(config.learning.value)
    shown = f", their return distributions ({distributions})" if distributions else ""
    rewards = " of clipped rewards" if config.returns.clip_reward else ""
    munchausen = ""
    if config.learning.backup == "munchausen":
        munchausen = (
            "; the value of a Munchausen agent also counts the log-probabilities of its policy, which that "
            "return does not"
        )
    return (
        f"{episode}: the screen, {observation}, the saliency of the greedy action's value "
        f"({saliency}), the values of all actions{shown}, and below the screen the greedy value "
        f"against the discounted return{rewards} (bootstrapped from the agent's own value at a time limit "
        f"or at the end of the recording){munchausen}."
    )


def score_sentence(mean: float, episodes: int, epsilon: float) -> str:
    """Return the agent's score, and the number and the ε of the episodes behind it.

    Example:
        >>> score_sentence(477.68, 100, 0.0)
        'This agent scored 477.7, the mean of 100 greedy episodes.'
    """
    kind = kind_of(epsilon)
    games = (
        f"in one {kind.replace('episodes', 'episode')}"
        if episodes == 1
        else f"the mean of {episodes} {kind}"
    )
    return f"This agent scored {mean:.1f}{' ' if episodes == 1 else ', '}{games}."
