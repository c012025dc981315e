"""Predictions through the API."""
