"""The machine-learning library of `engage`, shared by both containers and by the predict handler.

`contract` says what the data are, `features` turns raw tables into feature tables with Athena SQL, `train`
and `evaluate` make and judge models, `score` and `explain` use them, `registry` keeps them. Nothing here
knows about Step Functions, API Gateway or the command line, and importing the package imports nothing
heavy.
"""

SCHEMA_VERSION = 1
"""Version of every file that the library writes (spec, model metadata, evaluation, champion pointer)."""
