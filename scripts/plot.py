"""Draw the learning curves of runs, grouped by preset and observation, as .png or .svg."""

import sys
from pathlib import Path

from agents.command_line import PlotArguments, guarded, parse


@guarded
def main() -> int:
    """Parses, reads the runs, draws."""
    arguments = parse(PlotArguments, sys.argv[1:])
    from agents.analysis.curves import write_curves
    from agents.build import stop_score
    from agents.training.run_folder import read_config

    groups: dict[str, list[Path]] = {}
    marks = set()
    for run in arguments.runs:
        config = read_config(run)
        groups.setdefault(f"{config.preset}, {config.env.obs}", []).append(run)
        marks.add(stop_score(config))
    write_curves(groups, arguments.out, marks.pop() if len(marks) == 1 else None)
    print(f"{arguments.out}: {len(arguments.runs)} runs in {len(groups)} groups")
    return 0


if __name__ == "__main__":
    sys.exit(main())
