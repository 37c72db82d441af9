"""A workflow service: it hears of every call's end, reads the transcript, and writes back what it has found."""
