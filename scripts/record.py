"""Record a trained agent's greedy play: .mp4, .gif, .html (one offline page) or .png (a sheet)."""

import sys

from agents.cli.guard import StopSignal, guarded


@guarded
def main(stop: StopSignal) -> int:
    """Parses, plays, writes."""
    from agents.cli.arguments import RecordArguments
    from agents.cli.parser import parse

    arguments = parse(RecordArguments, sys.argv[1:])
    stop.interrupt()
    from agents.recording.player import Play
    from agents.recording.video import WRITERS, write_play
    from agents.runs.files import check_output
    from envs.registry import import_environments

    for module in arguments.module:
        import_environments(module)

    check_output(arguments.out, WRITERS)
    play = Play(arguments.run, arguments.episodes, arguments.seed, arguments.max_frames)
    frames, caption = play.frames(arguments.view), play.caption(arguments.view)
    write_play(frames, arguments.out, fps=play.fps, title=play.title, caption=caption)
    returns = ", ".join(f"{value:g}" for value in play.returns)
    print(f"{arguments.out}: {play.title}, return {returns or 'cut off by --max-frames'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
