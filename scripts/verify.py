"""Check run folders: checksums of checkpoints, metrics against TensorBoard's events."""

import sys

from agents.cli.guard import StopSignal, guarded


@guarded
def main(stop: StopSignal) -> int:
    """Print what is wrong with each run; the status is 1 if anything is."""
    from agents.cli.arguments import VerifyArguments
    from agents.cli.parser import parse

    arguments = parse(VerifyArguments, sys.argv[1:])
    stop.interrupt()
    from agents.runs.reader import find_runs
    from agents.runs.verify import problems

    broken = 0
    for run in find_runs(arguments.runs):
        found = list(problems(run))
        broken += bool(found)
        print("\n".join(f"{run}: {sentence}" for sentence in found) if found else f"{run}: whole")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
