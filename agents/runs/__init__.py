"""Run folders: what a run writes, and how it is read again.

`folder.py` writes; `documents.py` reads `config.json` and `summary.json`, `reader.py` the curves of
finished runs. Files are written whole or not at all (`files.py`), TensorBoard's synchronously
(`events.py`).
"""
