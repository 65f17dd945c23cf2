"""Videos of a trained agent: its episodes, observations, saliency and values.

`player.py` acts, `layout.py` composes each frame from the panels in `panels.py` and `value_panels.py`,
`video.py` and `encoder.py` write the result.
"""
