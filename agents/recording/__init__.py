"""Videos of a trained agent: its episodes, observations, saliency and values.

`player.py` acts and records `steps.py`, with a saliency map of each (`saliency.py`). `layout.py` composes
frames from the panels in `panels.py` and `value_panels.py`, drawn with `drawing.py`; `video.py` and
`encoder.py` write the result.
"""
