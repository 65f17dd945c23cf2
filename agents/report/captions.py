"""Captions of recorded episodes, true to the agent that plays them."""

from typing import Literal, NamedTuple

ViewName = Literal["screen", "agent"]
DISTRIBUTIONS = {
    "categorical": "probabilities of fixed returns",
    "quantile": "quantiles",
    "iqn": "quantiles at the levels the agent acts by",
}


class AgentTraits(NamedTuple):
    """Properties of an agent that decide its caption."""

    images: int = 0  # in an observation; 0: it observes a state vector
    value: str = "scalar"  # as `LearningConfig.value`
    munchausen: bool = False
    clipped: bool = False  # whether the agent learned from rewards clipped to [-1, 1]


def describe(view: ViewName, agent: AgentTraits) -> str:
    """Return the caption of a recording in this view.

    Example:
        >>> describe("screen", AgentTraits())
        'Greedy episode of a trained agent, which observes a vector of state variables, not this screen.'
    """
    if view == "screen":
        if not agent.images:
            return (
                "Greedy episode of a trained agent, which observes a vector of state variables, not this "
                "screen."
            )
        observation = "images it observes, newest last" if agent.images > 1 else "image it observes"
        return f"Greedy episode of a trained agent; on the right the {observation}."
    observation, saliency = _inputs(agent.images > 0)
    return (
        f"Greedy episode of a trained agent: the screen, {observation}, {saliency}, "
        f"{_values(agent.value)}, and below the screen the greedy value against {_return(agent)}."
    )


def _inputs(images: bool) -> tuple[str, str]:
    if images:
        return "the images that the agent observes", (
            "the saliency of the greedy action's value (its change under local blurring, by SmoothGrad, "
            "Smilkov et al. 2017; each frame has its own scale)"
        )
    return "the state variables that the agent observes", (
        "the saliency of the greedy action's value (its gradient by each variable times that variable's "
        "standard deviation over the episode; the longest bar fills the row)"
    )


def _values(value: str) -> str:
    if value in DISTRIBUTIONS:
        return f"the values of all actions, their return distributions ({DISTRIBUTIONS[value]})"
    return "the values of all actions"


def _return(agent: AgentTraits) -> str:
    rewards = " of clipped rewards" if agent.clipped else ""
    text = (
        f"the discounted return{rewards} (bootstrapped from the agent's own value at a time limit or at "
        "the end of the recording)"
    )
    if agent.munchausen:
        text += (
            "; the value of a Munchausen agent also counts the log-probabilities of its policy, which that "
            "return does not"
        )
    return text


def score_sentence(mean: float, episodes: int) -> str:
    """Return the agent's score and the number of episodes behind it.

    Example:
        >>> score_sentence(477.68, 100)
        'This agent scored 477.7, the mean of 100 greedy episodes.'
    """
    games = "in one greedy episode" if episodes == 1 else f"the mean of {episodes} greedy episodes"
    return f"This agent scored {mean:.1f}{' ' if episodes == 1 else ', '}{games}."
