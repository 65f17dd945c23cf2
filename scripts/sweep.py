"""Train a grid of runs: environments x observations x presets x seeds."""

import shlex
import sys

from agents.cli.guard import StopSignal, guarded


@guarded
def main(stop: StopSignal) -> int:
    """Run the grid; print the failures and the next command."""
    from agents.cli.arguments import SweepArguments
    from agents.cli.parser import parse_known

    arguments, options = parse_known(SweepArguments, sys.argv[1:])
    from agents.cli.sweep import Sweep, grid
    from envs.cores import cores

    runs = grid(arguments, options)
    jobs = min(arguments.jobs or cores(), len(runs))

    sweep = Sweep(runs, jobs)
    stop.remember()
    if not sweep.run(stop):
        stop.ignore()
        print("Stopped and saved; the same command resumes.", file=sys.stderr)
        return 128 + (stop.number or 0)
    for name, last_line in sweep.failed.items():
        print(f"failed: {name}: {last_line}", file=sys.stderr)
    finished = [run.folder for run in runs if run.name not in sweep.failed]
    if (arguments.ladder or arguments.board) and finished:
        from agents.analysis.comparison import compare
        from agents.config.presets import LADDER
        from agents.report.board import write_board
        from agents.report.ladder import write_ladder
        from agents.runs.reader import read_runs

        comparison = compare(read_runs(finished)[0])
        if arguments.ladder:
            files = write_ladder(comparison, LADDER, arguments.out / "ladder")
        else:
            files = write_board(comparison, arguments.out / "board")
        print(files[0].read_text(encoding="utf-8"))
        print(f"{files[0].parent}: {', '.join(file.name for file in files)}")
    out = shlex.quote(str(arguments.out))
    print(f"{len(finished)} of {len(runs)} runs finished. Next: python scripts/compare.py {out}")
    return 1 if sweep.failed else 0


if __name__ == "__main__":
    sys.exit(main())
