"""Seals every Python process that a task or a function starts: no connection leaves the machine.

Python imports `sitecustomize` from its path before anything else, and child processes inherit the path
(`PYTHONPATH`), so their programs are sealed as well. A program that is no Python is not.
Standard library only: it also runs inside container images.
"""

import importlib.util
import os

_RULES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "network.py")


def _seal() -> None:
    # By its path: the package that it belongs to is not on the path of a task.
    spec = importlib.util.spec_from_file_location("_engage_network", _RULES)
    if spec is None or spec.loader is None:
        raise ImportError(f"The rules for connections are missing: {_RULES}")
    rules = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rules)
    rules.seal()


_seal()
