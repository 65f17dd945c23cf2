"""A play's caption speaks of the agent that plays, and of nothing that it is not."""

import pytest

from agents.report.captions import Kind, describe, score_sentence

IMAGES, STATE = Kind(images=4), Kind()


def test_saliency_of_images_is_told_of_agents_that_see_images_only() -> None:
    told = describe("agent", IMAGES)
    assert "SmoothGrad" in told and "blurring" in told and "state variables" not in told
    told = describe("agent", STATE)
    assert "SmoothGrad" not in told and "blurring" not in told
    assert "state variables" in told and "gradient by each variable" in told


@pytest.mark.parametrize("seen", [IMAGES, STATE])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("scalar", None),
        ("categorical", "probabilities of fixed returns"),
        ("quantile", "(quantiles)"),
        ("iqn", "quantiles at the levels the agent acts by"),
    ],
)
def test_a_distribution_is_told_of_agents_that_learn_one_only(
    seen: Kind, value: str, words: str | None
) -> None:
    told = describe("agent", seen._replace(value=value))
    assert ("distribut" in told) == (words is not None)
    assert words is None or words in told


def test_the_return_is_told_as_the_agent_learned_it() -> None:
    assert "clipped" not in describe("agent", IMAGES)
    assert "return of clipped rewards" in describe("agent", IMAGES._replace(clipped=True))
    assert "Munchausen" not in describe("agent", STATE)
    assert "log-probabilities of its policy" in describe("agent", STATE._replace(munchausen=True))


@pytest.mark.parametrize(
    ("images", "words"), [(0, "state variables"), (1, "the image it"), (4, "newest last")]
)
def test_the_screen_is_told_apart_from_what_the_agent_sees(images: int, words: str) -> None:
    told = describe("screen", Kind(images=images))
    assert words in told and ("on the right" in told) == (images > 0)


def test_a_score_says_over_how_many_games_it_is() -> None:
    assert score_sentence(-13.25, 30) == "This agent scored -13.2, the mean of 30 greedy episodes."
    assert score_sentence(9.0, 1) == "This agent scored 9.0 in one greedy episode."
