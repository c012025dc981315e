"""The layers: one template each, in the order in which they are deployed."""

LAYERS = ("storage", "network", "catalog", "compute", "ai", "functions", "pipeline", "api", "operations")

FIRST_LAYER = "storage"
"""Deployed alone at first: code, definitions and images are uploaded to what it makes."""


def stack_name(env: str, layer: str) -> str:
    return f"{stack_prefix(env)}{layer}"


def stack_prefix(env: str) -> str:
    return f"engage-{env}-"
