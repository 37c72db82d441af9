"""Flows: what a voice agent says and asks, and the machine that takes a call through one.

`reading.check` and `reading.load` turn JSON into a `nodes.Flow`; `dialogue.Dialogue` is one call's way through it:
`events` in, `commands` out, a deadline, a transcript.
"""
