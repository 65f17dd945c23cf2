"""Compare runs: prints the answers, and writes them as a page, figures and tables."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agents.cli.guard import StopSignal, guarded

FRAMES = 300  # of a play: a page with four of them stays below 5 MB


def recorded_plays(runs: Mapping[str, Path], modules: Iterable[str]) -> dict[str, Any]:
    """Returns a play of each run that can be drawn; torch is imported only for this."""
    from tqdm import tqdm

    from agents.recording.player import recorded_play
    from agents.runs.reader import read_config
    from envs.factory import can_be_drawn
    from envs.registry import find_spec, import_environments

    for module in modules:
        import_environments(module)
    configs = {name: read_config(run).env for name, run in runs.items()}
    for config in configs.values():
        find_spec(config.id)  # one that is not known is no environment that cannot be drawn
    drawn = {name: run for name, run in runs.items() if can_be_drawn(configs[name])}
    named = tqdm(drawn.items(), desc="recording plays", unit="play", leave=False)
    return {name: recorded_play(run, FRAMES) for name, run in named}


@guarded
def main(stop: StopSignal) -> int:
    """Parses, reads the runs, answers."""
    from agents.cli.arguments import CompareArguments
    from agents.cli.parser import parse

    arguments = parse(CompareArguments, sys.argv[1:])
    stop.interrupt()
    from agents.runs.reader import read_runs

    runs, early = read_runs(arguments.runs)
    for path in early:
        print(f"{path} has no evaluation yet and is left out", file=sys.stderr)
    from agents.analysis.comparison import compare
    from agents.analysis.references import on_track, published, references, write_bands
    from agents.report.figures import file_part, write_figures
    from agents.report.page import console_table, render, write_tables
    from agents.runs.files import write_whole

    comparison = compare(runs, reward_threshold=arguments.reward_threshold, force=arguments.force)
    print(console_table(comparison))
    if arguments.as_reference:
        write_bands([group.runs for group in comparison.groups])
    for group in comparison.groups:
        run = group.typical
        for sentence in on_track(run.config, run.score, run.summary):
            print(f"{group.name}: {sentence}")
    typical = [group.typical for group in comparison.groups]
    for sentence in published(typical):
        print(sentence)
    if arguments.figures is not None:
        files = [
            *write_figures(comparison, arguments.figures),
            *write_tables(comparison, arguments.figures),
        ]
        print(f"{arguments.figures}: {', '.join(file.name for file in files)}")
    if arguments.out is not None:
        kept = {
            g.name: g.typical.path for g in comparison.groups if arguments.videos and g.typical.has_agent
        }
        plays = recorded_plays(kept, arguments.module) if kept else {}
        page = render(
            comparison,
            plays={name: play.video for name, play in plays.items()},
            views={name: play.still for name, play in plays.items()},
            references=references(typical),
        )
        write_whole(arguments.out, page)
        if arguments.figures is not None:
            for name, play in plays.items():
                still = "-".join(["view", *map(file_part, name.split(", ")[1:])]) + ".png"
                write_whole(arguments.figures / still, play.still)
        print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.1f} MB, works offline")
    return 0


if __name__ == "__main__":
    sys.exit(main())
