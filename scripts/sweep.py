"""Train a grid of runs side by side: every environment x observation x preset x seed."""

import sys
from typing import Any

from agents.command_line import guarded, parse


@guarded
def main() -> int:
    """Parses, runs the grid, says what failed and what comes next."""
    from agents.sweep import Sweep, SweepArguments, grid
    from agents.training.launch import StopSignal
    from agents.training.machine import cores

    parsed: Any = parse(SweepArguments, sys.argv[1:], return_unknown_args=True)
    arguments, options = parsed
    cells = grid(arguments, options)
    jobs = min(arguments.jobs or cores(), len(cells))

    sweep = Sweep(cells, jobs)
    stop = StopSignal()
    with stop.listen():
        complete = sweep.run(stop)
    if not complete:
        print("Stopped and saved; the same command goes on.", file=sys.stderr)
        return 128 + (stop.number or 0)
    for name, said in sweep.failed.items():
        print(f"failed: {name}: {said}", file=sys.stderr)
    good = len(cells) - len(sweep.failed)
    if arguments.ladder and good:
        from agents.analysis.comparison import compare
        from agents.analysis.ladder import write_ladder
        from agents.analysis.records import read_runs
        from agents.presets import LADDER

        done = [cell.folder for cell in cells if cell.name not in sweep.failed]
        files = write_ladder(compare(read_runs(done)[0]), LADDER, arguments.out / "ladder")
        print(files[0].read_text(encoding="utf-8"))
        print(f"{arguments.out / 'ladder'}: {', '.join(file.name for file in files)}")
    print(f"{good} of {len(cells)} runs finished. Next: python scripts/compare.py {arguments.out}")
    return 1 if sweep.failed else 0


if __name__ == "__main__":
    sys.exit(main())
