"""On the import path of every task and function: `sitecustomize`, which Python imports as it starts."""
