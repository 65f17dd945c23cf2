"""Compare runs: print the results, and write them as a page, figures and tables."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from agents.cli.guard import StopSignal, guarded

if TYPE_CHECKING:
    from agents.recording.player import RecordedEpisode


def record_episodes(runs: Mapping[str, Path], modules: Iterable[str]) -> "dict[str, RecordedEpisode]":
    """Return an episode of each run that can be drawn; import torch only for this."""
    from tqdm import tqdm

    from agents.recording.player import record_episode
    from agents.runs.reader import read_config
    from envs.factory import can_be_drawn
    from envs.registry import find_spec, import_environments

    for module in modules:
        import_environments(module)
    configs = {name: read_config(run).env for name, run in runs.items()}
    for config in configs.values():
        find_spec(config.id)  # raises on an unknown id, which is an error, not an undrawn environment
    drawn = {name: run for name, run in runs.items() if can_be_drawn(configs[name])}
    progress = tqdm(drawn.items(), desc="recording episodes", unit="episode", leave=False)
    # With 300 frames of an episode, a page with four of them stays below 5 MB.
    return {name: record_episode(run, 300) for name, run in progress}


@guarded
def main(stop: StopSignal) -> None:
    """Parse, read the runs, compare, write."""
    from agents.cli.arguments import CompareArguments
    from agents.cli.parser import parse

    arguments = parse(CompareArguments, sys.argv[1:])
    stop.interrupt()
    from agents.runs.reader import read_runs

    runs, early = read_runs(arguments.runs)
    for path in early:
        print(f"{path} has no evaluation yet and is left out", file=sys.stderr)
    from agents.analysis.comparison import compare
    from agents.analysis.references import BANDS, on_track, published, references, write_bands
    from agents.report.figures import file_part, write_figures
    from agents.report.page import console_table, render, write_tables
    from agents.runs.files import write_whole

    comparison = compare(runs, reward_threshold=arguments.reward_threshold, force=arguments.force)
    print(console_table(comparison))
    if arguments.as_reference:
        write_bands([group.runs for group in comparison.groups], BANDS)
    typical = {group.name: group.typical for group in comparison.groups}
    standings = {name: on_track(run) for name, run in typical.items()}
    for name, sentences in standings.items():
        for sentence in sentences:
            print(f"{name}: {sentence}")
    for sentence in published([*typical.values()]):
        print(sentence)
    if arguments.figures is not None:
        files = write_figures(comparison, arguments.figures) + write_tables(comparison, arguments.figures)
        print(f"{arguments.figures}: {', '.join(file.name for file in files)}")
    if arguments.out is not None:
        agents = {name: run.path for name, run in typical.items() if arguments.videos and run.has_agent}
        episodes = record_episodes(agents, arguments.module) if agents else {}
        page = render(
            comparison,
            videos={name: episode.video for name, episode in episodes.items()},
            thumbnails={name: episode.thumbnail for name, episode in episodes.items()},
            references=references([*typical.values()]),
            standings=standings,
        )
        write_whole(arguments.out, page)
        if arguments.figures is not None:
            for name, episode in episodes.items():
                file = "-".join(["view", *map(file_part, name.split(", ")[1:])]) + ".png"
                write_whole(arguments.figures / file, episode.thumbnail)
        print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB, works offline")


if __name__ == "__main__":
    sys.exit(main())
