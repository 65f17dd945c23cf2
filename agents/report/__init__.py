"""Results for readers: figures, tables, sentences, offline pages.

`figures.py`, `ladder.py` and `board.py` draw, `text.py` and `captions.py` word, `page.py` fills the pages,
which extend one template with autoescaping (`templates.py`, `page.html.j2`).
"""
