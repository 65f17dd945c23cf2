"""Results for readers: figures, tables, sentences, offline pages.

`figures.py` and `ladder.py` draw, `text.py` and `captions.py` word, `page.py` fills the pages, which extend
one template with autoescaping (`templates.py`, `page.html.j2`).
"""
