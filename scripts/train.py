"""Train DQN from images only or from the state vector."""

import shlex
import sys

from agents.cli.guard import StopSignal, guarded


@guarded
def main(stop: StopSignal) -> int:
    """Train and print the result, or explain the configuration."""
    from agents.cli.train import Train

    arguments = Train.parse(sys.argv[1:])
    if arguments.explanation is not None:
        print(arguments.explanation)
        return 0
    from agents.analysis.references import on_track, published
    from agents.build import train  # torch takes two seconds to import
    from agents.runs.reader import read_run
    from envs.factory import can_be_drawn

    config, folder, resume = arguments.config, arguments.run_dir, arguments.resume
    summary = train(config, folder, resume=resume, should_stop=stop, on_open=stop.remember)
    stop.ignore()
    if summary:
        run = read_run(folder)
        print(summary.sentence(folder, renderable=can_be_drawn(config.env)))
        for sentence in (*on_track(run), *published([run])):
            print(sentence)
        return 0
    words = ["python", "scripts/train.py", "--resume", "--run-dir", str(folder)]
    words += ["--env", config.env.id] if ":" in config.env.id else []
    print(f"Stopped and saved; resume with: {shlex.join(words)}", file=sys.stderr)
    return 128 + (stop.number or 0)


if __name__ == "__main__":
    sys.exit(main())
