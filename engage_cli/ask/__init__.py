"""Questions in plain language through the API."""
