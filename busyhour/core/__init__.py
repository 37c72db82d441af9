"""The rules of a call, a campaign and an agent queue: pure, sans-IO, compiled by mypyc from the same source."""
