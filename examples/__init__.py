"""Programs that use the platform from outside, through its HTTP API alone."""
