"""Train DQN on an environment, from its pictures only or from its state vector."""

import sys

from agents.command_line import Train, guarded


@guarded
def main() -> int:
    """Parses, trains, prints."""
    arguments = Train.parse(sys.argv[1:])
    from agents.analysis.records import read_run
    from agents.analysis.references import on_track, published
    from agents.build import build_trainer, with_capacity  # torch takes two seconds to import
    from agents.training.launch import StopSignal, closing_line, complete
    from agents.training.run_folder import RunFolder, read_summary

    config, note = with_capacity(arguments.config)
    folder = RunFolder(arguments.run_dir, config, resume=arguments.resume)
    stop = StopSignal()
    with stop.listen():
        trainer, evaluator = build_trainer(config, folder)
        if note:
            print(note, file=sys.stderr)
        finished = complete(trainer, evaluator, folder, stop)
    folder.close()
    summary = read_summary(folder.path)
    if finished and summary:
        print(closing_line(summary, folder.path))
        run = read_run(folder.path)
        for sentence in (*on_track(run.config, run.score, summary), *published([run])):
            print(sentence)
        return 0
    print(
        f"Stopped and saved; go on with: python scripts/train.py --resume --run-dir {folder.path}",
        file=sys.stderr,
    )
    return 128 + (stop.number or 0)


if __name__ == "__main__":
    sys.exit(main())
