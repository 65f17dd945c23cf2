"""A trained agent on video: its play, what it sees, and what its values depend on.

`player.py` plays, `layout.py` puts each frame together from `panels.py` and `value_panels.py`,
`video.py` and `encoder.py` write it.
"""
