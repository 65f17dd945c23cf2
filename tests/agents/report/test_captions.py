"""Captions mention the properties of the agent, and no others."""

import pytest

from agents.config import Config, with_fields
from agents.config.presets import preset_config
from agents.report.captions import describe, score_sentence

STATE, IMAGES = (preset_config("dqn", "CartPole-v1", obs) for obs in ("state", "pixels"))


def test_image_saliency_is_mentioned_for_image_observations_only() -> None:
    caption = describe("agent", IMAGES)
    assert "SmoothGrad" in caption and "blurring" in caption and "state variables" not in caption
    caption = describe("agent", STATE)
    assert "SmoothGrad" not in caption and "blurring" not in caption
    assert "state variables" in caption and "gradient by each variable" in caption


@pytest.mark.parametrize("agent", [IMAGES, STATE])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("scalar", None),
        ("categorical", "probabilities of fixed returns"),
        ("quantile", "(quantiles)"),
        ("iqn", "quantiles at the levels the agent acts by"),
    ],
)
def test_a_distribution_is_mentioned_for_distributional_agents_only(
    agent: Config, value: str, words: str | None
) -> None:
    caption = describe("agent", with_fields(agent, {"learning.value": value}))
    assert ("distribut" in caption) == (words is not None)
    assert words is None or words in caption


def test_the_return_is_described_as_learned() -> None:
    assert "clipped" not in describe("agent", IMAGES)
    assert "return of clipped rewards" in describe(
        "agent", with_fields(IMAGES, {"returns.clip_reward": True})
    )
    assert "Munchausen" not in describe("agent", STATE)
    assert "log-probabilities of its policy" in describe(
        "agent", with_fields(STATE, {"learning.backup": "munchausen", "learning.double": False})
    )


@pytest.mark.parametrize(
    ("images", "words"), [(0, "state variables"), (1, "the image it"), (4, "newest last")]
)
def test_the_screen_is_distinguished_from_the_observation(images: int, words: str) -> None:
    agent = with_fields(IMAGES, {"env.frame_stack": images}) if images else STATE
    caption = describe("screen", agent)
    assert words in caption and ("on the right" in caption) == (images > 0)


def test_a_score_names_its_number_of_episodes() -> None:
    assert score_sentence(-13.25, 30, 0.0) == "This agent scored -13.2, the mean of 30 greedy episodes."
    assert score_sentence(9.0, 1, 0.0) == "This agent scored 9.0 in one greedy episode."
    assert score_sentence(9.0, 30, 0.05) == "This agent scored 9.0, the mean of 30 episodes with ε 0.05."
    assert score_sentence(9.0, 1, 0.05) == "This agent scored 9.0 in one episode with ε 0.05."
