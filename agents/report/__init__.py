"""Results for readers: figures, tables, sentences, offline pages.

All pages extend one template with autoescaping (`templates.py`, `page.html.j2`).
"""
