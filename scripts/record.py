"""Record greedy episodes of a trained agent: .mp4, .gif, .html (one offline page) or .png (a sheet)."""

import sys

from agents.cli.guard import StopSignal, guarded


@guarded
def main(stop: StopSignal) -> None:
    """Parse, play, write."""
    from agents.cli.arguments import RecordArguments
    from agents.cli.parser import parse

    arguments = parse(RecordArguments, sys.argv[1:])
    stop.interrupt()
    from agents.recording.player import EpisodePlayer
    from agents.recording.video import FORMATS, write_video
    from agents.runs.files import check_output
    from envs.registry import import_environments

    for module in arguments.module:
        import_environments(module)

    check_output(arguments.out, FORMATS)
    player = EpisodePlayer(arguments.run, arguments.episodes, arguments.seed, arguments.max_frames)
    frames, caption = player.frames(arguments.view), player.caption(arguments.view)
    write_video(frames, arguments.out, fps=player.fps, title=player.title, caption=caption)
    returns = ", ".join(f"{value:g}" for value in player.returns)
    print(f"{arguments.out}: {player.title}, return {returns or 'cut off by --max-frames'}")


if __name__ == "__main__":
    sys.exit(main())
