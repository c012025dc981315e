"""The local Athena: Trino SQL, really executed on DuckDB over the objects in the local S3.

Stages of one statement: `dialect` (parse, keeping the names of Trino's functions) -> `statements`
(classify) -> `resolve` (tables and columns, against the catalog) -> `prune` (which partitions can
match) -> `scan` (bytes that Athena would bill) -> `translate` (the tree in DuckDB's terms) ->
`engine`/`writes` (execute) -> `results` (the CSV that Athena leaves in S3). `service` is the API.
Whatever cannot be translated exactly fails with its name; nothing is guessed.
"""
