"""Train DQN from images only or from the state vector."""

import shlex
import sys
from contextlib import closing

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
    from agents.build import build_trainer, with_capacity  # torch takes two seconds to import
    from agents.runs.documents import read_summary
    from agents.runs.folder import RunFolder
    from agents.runs.reader import read_run
    from agents.training.launch import closing_line, complete
    from envs.factory import can_be_drawn

    config, note = with_capacity(arguments.config)
    folder = RunFolder(arguments.run_dir, config, resume=arguments.resume, on_open=stop.remember)
    with closing(folder):
        trainer, evaluator = build_trainer(config, folder)
        if note:
            print(note, file=sys.stderr)
        finished = complete(trainer, evaluator, folder, stop)
    stop.ignore()
    summary = read_summary(folder.path)
    if finished and summary:
        print(closing_line(summary, folder.path, drawn=can_be_drawn(config.env)))
        run = read_run(folder.path)
        for sentence in (*on_track(run.config, run.score, summary), *published([run])):
            print(sentence)
        return 0
    words = ["python", "scripts/train.py", "--resume", "--run-dir", str(folder.path)]
    words += ["--env", config.env.id] if ":" in config.env.id else []
    print(f"Stopped and saved; resume with: {shlex.join(words)}", file=sys.stderr)
    return 128 + (stop.number or 0)


if __name__ == "__main__":
    sys.exit(main())
