"""The embedded AWS endpoint: one process on 127.0.0.1 that answers the AWS API without an account.

Client side (light imports, used by every command):

- `process`   starts, finds, stops and resets the endpoint; `Endpoint` says where it is and how to sign in.

Server side (imported only inside the endpoint's own process):

- `server`         the process: environment, socket, MiniStack, shutdown; started with `python -m`.
- `guard`          the ASGI wrapper that keeps browsers, other hosts and anonymous admin calls out.
- `seams`          the one module that plugs our parts into MiniStack, and checks that each still fits.
- `persistence`    saves MiniStack's state shortly after it changed, not only at shutdown.
- `authorization`  asks "may this role do that?" for calls that a service makes on a role's behalf.
- `step_functions` the state machine's role, `ecs:runTask`, back-off with jitter.
- `integrations`   API Gateway and Scheduler permissions.
- `fargate`        the table of task sizes that Fargate accepts.
- `containers`     a docker-py shaped client that runs an image's entry point as a child process.
- `ecs_tasks`      what ECS checks before, and records after, such a process; `images` is its registry.
- `lambda_worker`  warm Lambda environments; `lambda_bootstrap` is the script that runs inside one, and
                   `lambda_logs` writes what they print, with the REPORT line.
- `network`        refuses connections that would leave the machine.
- `children`       starts child processes which die with the endpoint.
- `athena`, `crawler`, `bedrock`   the services that MiniStack only pretends to run.
"""
