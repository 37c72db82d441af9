"""The HTTP API's place in the house; import-linter holds the direction of imports through it."""
