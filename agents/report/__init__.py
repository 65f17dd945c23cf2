"""Results for people: figures, tables, sentences, and the offline page of a comparison.

All pages come from one escaped template (`templates.py`, `page.html.j2`).
"""
