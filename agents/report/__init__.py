"""Results for readers: figures, tables, sentences, and the offline page of a comparison.

All pages extend one template with autoescaping (`templates.py`, `page.html.j2`).
"""
