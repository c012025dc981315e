"""The weekly pipeline: start it, watch it, read its history."""
