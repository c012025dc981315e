"""The local Athena: Trino SQL, really executed on DuckDB over the objects in the local S3.

Stages of one statement: `dialect` (parse, keeping the names of Trino's functions) -> `statements`
(classify; `alterations` those about the catalog) -> `resolve` (tables and columns, against the catalog)
-> `type_check` (Trino's types: `type_expressions`, `type_calls` with `signatures`, `trino_types`)
-> `projection`, `prune` (which partitions can match) -> `scan` (bytes that Athena would bill) ->
`translate` (the tree in DuckDB's terms) -> `engine`/`writes` (execute) -> `results` (the CSV that Athena
leaves in S3). `service` is the API. Functions: `functions` (what is allowed, and how it is rendered),
`macros` (semantics by type, in SQL), `python_functions` (what DuckDB cannot do exactly).
Whatever cannot be translated exactly fails with its name; nothing is guessed.
"""
