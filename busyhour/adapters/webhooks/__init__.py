"""Events on their way to whoever asked for them, as Standard Webhooks 1.0.0 says."""
