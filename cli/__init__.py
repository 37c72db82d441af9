"""The `busyhour` command: a file a verb, heavy imports inside the verb that needs them."""
