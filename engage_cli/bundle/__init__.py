"""Lambda zips with deterministic bytes, and container images."""
