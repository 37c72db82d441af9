"""What runs on Ray. Nothing below this package knows that Ray exists."""
