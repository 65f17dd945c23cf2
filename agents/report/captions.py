"""What a play shows, in words that hold for the agent that plays it."""

from typing import Literal, NamedTuple

ViewName = Literal["screen", "agent"]
DISTRIBUTIONS = {
    "categorical": "probabilities of fixed returns",
    "quantile": "quantiles",
    "iqn": "quantiles at the levels the agent acts by",
}


class Kind(NamedTuple):
    """What decides how a play is to be read."""

    images: int = 0  # that the agent sees at once; 0: it sees a state vector
    value: str = "scalar"  # as `LearningConfig.value`
    munchausen: bool = False
    clipped: bool = False  # whether the agent learned from rewards clipped to [-1, 1]


def describe(view: ViewName, kind: Kind) -> str:
    """Returns what a play in this view shows.

    Example:
        >>> describe("screen", Kind())
        'Greedy play of a trained agent, which sees a vector of state variables, not this screen.'
    """
    if view == "screen":
        if not kind.images:
            return (
                "Greedy play of a trained agent, which sees a vector of state variables, not this screen."
            )
        several = "images it sees, newest last" if kind.images > 1 else "image it sees"
        return f"Greedy play of a trained agent; on the right the {several}."
    sees, influence = _seen(kind.images > 0)
    return (
        f"Greedy play of a trained agent: the screen, {sees}, {influence}, {_values(kind.value)}, and "
        f"below the screen the greedy value against {_return(kind)}."
    )


def _seen(images: bool) -> tuple[str, str]:
    if images:
        return "what the agent sees", (
            "what the greedy action's value hangs on (how far blurring each spot would move it, by "
            "SmoothGrad, Smilkov et al. 2017; each frame has its own scale)"
        )
    return "the state variables that the agent sees", (
        "what the greedy action's value hangs on (its gradient by each variable times that variable's "
        "standard deviation over the play; the longest bar fills the row)"
    )


def _values(value: str) -> str:
    if value in DISTRIBUTIONS:
        return f"the values of all actions and how their returns are distributed ({DISTRIBUTIONS[value]})"
    return "the values of all actions"


def _return(kind: Kind) -> str:
    rewards = " of clipped rewards" if kind.clipped else ""
    came = (
        f"the discounted return{rewards} that came (with the agent's own value where a time limit or the "
        "recording cuts it off)"
    )
    if kind.munchausen:
        came += (
            "; the value of a Munchausen agent also counts the log-probabilities of its policy, which that "
            "return does not"
        )
    return came


def score_sentence(mean: float, episodes: int) -> str:
    """Returns what the agent scored, and over how many whole games.

    Example:
        >>> score_sentence(477.68, 100)
        'This agent scored 477.7, the mean of 100 greedy episodes.'
    """
    games = "in one greedy episode" if episodes == 1 else f"the mean of {episodes} greedy episodes"
    return f"This agent scored {mean:.1f}{' ' if episodes == 1 else ', '}{games}."
