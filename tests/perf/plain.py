"""Plain MiniStack with our settings and none of our parts: python -m tests.perf.plain HOME PORT."""

import asyncio
import sys
from pathlib import Path

from engage_cli.local import process, server


def main(arguments: list[str]) -> None:
    """Serve on 127.0.0.1 until SIGTERM. The keys are those of the home's identity."""
    directory, port = process.state_dir(Path(arguments[0])), int(arguments[1])
    directory.mkdir(parents=True, exist_ok=True)
    identity = process.identity(directory)
    listener = server.listen([port])
    server.configure_environment(directory, port, identity["access_key"], identity["secret_key"])
    from ministack import app

    asyncio.run(server._serve(app.app, listener))


if __name__ == "__main__":
    main(sys.argv[1:])
