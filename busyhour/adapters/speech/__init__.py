"""Recorded and synthesised speech."""
