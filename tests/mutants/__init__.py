"""Bugs that the suite must notice: `python -m tests.mutants` plants them, one at a time, and runs it."""
