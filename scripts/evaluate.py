"""Evaluate a trained agent on seeds it was never trained on."""

import json
import sys

from agents.cli.guard import StopSignal, guarded


@guarded
def main(stop: StopSignal) -> None:
    """Evaluate and print the result."""
    from agents.cli.arguments import EvaluateArguments
    from agents.cli.parser import parse

    arguments = parse(EvaluateArguments, sys.argv[1:])
    stop.interrupt()
    from agents.agent import evaluate
    from agents.runs.summary import kind_of
    from envs.registry import import_environments

    for module in arguments.module:
        import_environments(module)

    score = evaluate(arguments.run, arguments.episodes, arguments.seed, arguments.device, arguments.epsilon)
    summary = score.summary()
    if arguments.json:
        measured = {"run": str(arguments.run), "seed": arguments.seed, "epsilon": score.epsilon}
        print(json.dumps(measured | summary))
    else:
        print(
            f"{arguments.run}: mean {summary['mean']:.1f} "
            f"(95 % interval {summary['ci95_low']:.1f} to {summary['ci95_high']:.1f}), "
            f"standard deviation {summary['std']:.1f}, min {summary['min']:g}, max {summary['max']:g} "
            f"over {summary['episodes']} {kind_of(score.epsilon)} on held-out seeds"
        )


if __name__ == "__main__":
    sys.exit(main())
