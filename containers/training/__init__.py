"""The training task: one container run per pipeline run."""
