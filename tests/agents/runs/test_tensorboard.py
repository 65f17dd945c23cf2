"""Event files, read back with TensorBoard's own reader."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.plugins.hparams.backend_context import _sort_and_reduce_to_hparams_limit

from agents.runs.tensorboard import CHARTS, TensorBoard
from tests.small_runs import metrics, train_both


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run from `state` and one from `pixels`."""
    return train_both(tmp_path_factory.mktemp("runs"), 400)


def read(run: Path) -> EventAccumulator:
    events = EventAccumulator(str(run), size_guidance={"histograms": 0, "images": 0})
    events.Reload()
    return events


@pytest.mark.parametrize("obs", ["state", "pixels"])
def test_the_events_equal_metrics_jsonl(obs: str, runs: Path) -> None:
    """The x-axis counts agent steps."""
    epsilon = read(runs / obs).Scalars("epsilon")
    assert [event.step for event in epsilon] == [100, 200, 300, 400]
    logged = [row["epsilon"] for row in metrics(runs / obs) if "epsilon" in row]
    assert [event.value for event in epsilon] == pytest.approx(logged)


def test_tags_are_the_same_for_pixels_and_state(runs: Path) -> None:
    tags = {obs: read(runs / obs).Tags() for obs in ("state", "pixels")}
    scalars = {obs: {t for t in tags[obs]["scalars"] if not t.startswith("probe/")} for obs in tags}
    assert scalars["state"] == scalars["pixels"]
    assert scalars["state"] >= {
        *("return/train", "return/eval", "loss/td", "q/mean", "epsilon", "rate/env_steps"),
        *("time/act", "time/env", "time/memory", "time/learn", "final/eval_mean"),
    }
    assert tags["state"]["histograms"] == tags["pixels"]["histograms"] == ["q/eval", "actions/eval"]
    assert tags["state"]["images"] == ["video/eval"]
    assert set(tags["pixels"]["images"]) == {"observation/first", "observation/eval", "video/eval"}


def test_every_evaluation_logs_its_first_observation_a_video_and_values(runs: Path) -> None:
    events = read(runs / "pixels")
    for tag in ("observation/eval", "video/eval"):
        assert [event.step for event in events.Images(tag)] == [200, 400], tag
    assert [event.step for event in events.Histograms("actions/eval")] == [200, 400]
    actions = events.Histograms("actions/eval")[0].histogram_value
    assert 0.0 <= actions.min <= actions.max <= 1.0
    lengths = [event.value for event in events.Scalars("length/eval")]
    assert actions.num >= 2 * lengths[0]  # two episodes, side by side until the longer one ends
    assert [event.step for event in events.Scalars("probe/r2_theta")] == [200, 400]


def test_the_video_of_a_state_agent_shows_its_episode(runs: Path) -> None:
    image = Image.open(io.BytesIO(read(runs / "state").Images("video/eval")[0].encoded_image_string))
    frames = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(image)]
    assert frames[0].shape == (80, 120)
    assert len({frame.tobytes() for frame in frames}) > 3


def test_a_video_keeps_its_gray_levels(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 200, (5, 42, 42), np.uint8)
    sink = TensorBoard(tmp_path, None, {}, [])
    sink.log(7, {"video": images})
    sink.close()
    (event,) = read(tmp_path).Images("video")
    video = Image.open(io.BytesIO(event.encoded_image_string))
    frames = [np.asarray(frame.convert("L"))[::2, ::2] for frame in ImageSequence.Iterator(video)]
    assert event.step == 7
    assert np.array_equal(np.stack(frames), images)


def test_one_chart_draws_pixels_and_state(runs: Path) -> None:
    """The layout names tags that both runs have; TensorBoard draws every selected run into each chart."""
    layout = layout_pb2.Layout()
    layout.ParseFromString(
        read(runs / "state").Tensors("custom_scalars__config__")[0].tensor_proto.string_val[0]
    )
    assert [category.title for category in layout.category] == list(CHARTS)
    first = layout.category[0].chart[0]
    assert (first.title, list(first.multiline.tag)) == (
        "score of evaluations",
        ["return/eval", "return/greedy"],
    )


def test_the_table_of_settings_shows_the_final_results(runs: Path) -> None:
    events = read(runs / "pixels")
    plugin = events.PluginTagToContent("hparams")
    start = plugin_data_pb2.HParamsPluginData.FromString(plugin["_hparams_/session_start_info"])
    settings = start.session_start_info.hparams
    assert settings["env.obs"].string_value == "pixels"
    assert settings["returns.n_step"].number_value == 3
    experiment = plugin_data_pb2.HParamsPluginData.FromString(plugin["_hparams_/experiment"]).experiment
    results = {info.name.tag for info in experiment.metric_infos}
    assert {"final/eval_mean", "final/steps_to_solve", "final/train_seconds"} <= results
    assert "final/eval_mean" in events.Tags()["scalars"]


def test_the_table_of_settings_opens_on_preset_seed_and_score(runs: Path) -> None:
    """TensorBoard's backend puts settings that differ first; its page opens on five, and on five results."""
    plugin = read(runs / "state").PluginTagToContent("hparams")
    content = plugin_data_pb2.HParamsPluginData.FromString(plugin["_hparams_/experiment"])
    experiment = content.experiment
    assert len(experiment.hparam_infos) > 50
    _sort_and_reduce_to_hparams_limit(experiment)
    columns = [info.name for info in experiment.hparam_infos[:5]]
    assert columns == ["env.id", "env.obs", "preset", "seed", "steps"]
    assert experiment.metric_infos[0].name.tag == "final/eval_mean"
    assert len(experiment.metric_infos) == 5
