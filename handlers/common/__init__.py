"""What the Lambda handlers share: AWS clients, Athena, S3, Glue, settings, logs, errors and run files.

Every zip carries this folder as the top-level package `common`. Importing it must stay cheap
(no boto3, no numpy at import): a cold start pays for it before the first line of work.
"""
