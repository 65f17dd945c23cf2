"""Train a grid of runs side by side: every environment x observation x preset x seed."""

import shlex
import sys
from typing import Any

from agents.cli.guard import StopSignal, guarded


@guarded
def main(stop: StopSignal) -> int:
    """Parses, runs the grid, says what failed and what comes next."""
    from agents.cli.arguments import SweepArguments
    from agents.cli.parser import parse

    parsed: Any = parse(SweepArguments, sys.argv[1:], return_unknown_args=True)
    arguments, options = parsed
    from agents.cli.sweep import Sweep, grid
    from agents.training.hardware import cores

    cells = grid(arguments, options)
    jobs = min(arguments.jobs or cores(), len(cells))

    sweep = Sweep(cells, jobs)
    stop.remember()
    if not sweep.run(stop):
        stop.ignore()
        print("Stopped and saved; the same command goes on.", file=sys.stderr)
        return 128 + (stop.number or 0)
    for name, said in sweep.failed.items():
        print(f"failed: {name}: {said}", file=sys.stderr)
    good = len(cells) - len(sweep.failed)
    if arguments.ladder and good:
        from agents.analysis.comparison import compare
        from agents.config.presets import LADDER
        from agents.report.ladder import write_ladder
        from agents.runs.reader import read_runs

        done = [cell.folder for cell in cells if cell.name not in sweep.failed]
        files = write_ladder(compare(read_runs(done)[0]), LADDER, arguments.out / "ladder")
        print(files[0].read_text(encoding="utf-8"))
        print(f"{arguments.out / 'ladder'}: {', '.join(file.name for file in files)}")
    out = shlex.quote(str(arguments.out))
    print(f"{good} of {len(cells)} runs finished. Next: python scripts/compare.py {out}")
    return 1 if sweep.failed else 0


if __name__ == "__main__":
    sys.exit(main())
