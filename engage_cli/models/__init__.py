"""The registry of models: which versions there are, which one serves, and moving the champion pointer."""
