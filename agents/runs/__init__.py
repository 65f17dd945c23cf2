"""Run folders: writing and reading.

`paths.py` names the files. `folder.py` writes a run: checkpoints (`checkpoint.py`), metrics (`sinks.py`,
`tensorboard.py`) and the summary (`summary.py`); `tags.py` names the tags that are read again. `reader.py`
reads it again, through the aliases of old names. Files are written whole or not at all (`files.py`);
checkpoints are generations (`store.py`) of chunks that never change (`chunks.py`). `verify.py` checks all
files.
"""
