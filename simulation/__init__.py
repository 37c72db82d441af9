"""Virtual time: the engine, the simulated carrier, callees and agents, and the scenario files that describe them."""

# First, because it decides whether this package's compiled modules or their sources run.
import busyhour as busyhour
