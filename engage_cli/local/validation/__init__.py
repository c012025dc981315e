"""What AWS rejects is rejected here too, before MiniStack sees it, with AWS's error code.

- `shapes`     the constraints of the service models that botocore carries (required, length, range, pattern,
               enum), for every operation of every service that the platform uses
- `asl`        state machine definitions
- `policies`   IAM, trust and bucket policies
- `rules`      what no model says: limits and relations of single operations
- `resources`  the properties of CloudFormation resources, against their registry schemas
- `templates`  templates and their parameters, before anything is made
- `passing`    iam:PassRole
- `buckets`    S3
- `requests`   which of these a request meets: the wrapper around MiniStack's service handlers

Runs in the endpoint process; installed by `seams`.
"""
