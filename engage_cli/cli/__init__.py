"""Typer only: parse, ask the context for a worker, call, render. One file a command group."""
