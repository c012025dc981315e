"""Synthetic customers with planted truth, and the import of a user's own files of the same shapes.

Read in this order: `shapes` (what the files hold), `parameters` and `model` (the generative process),
`shifts` (how its world may change), `truth` (what lies ahead), `chunk` and `generate` (streaming it into a
`Sink`), `ceiling` (the best that could be predicted), `world` and `generating` (what is there, and more weeks
of it), `importer` (checking and staging files of one's own).
Nothing here imports numpy, pyarrow or duckdb when the package is imported.
"""
