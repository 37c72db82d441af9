"""Load on the platform as it is served: `make load`. Not a part of `make test`."""
