"""Paths and what they do, a file a resource; the same names as in schemas and services."""
