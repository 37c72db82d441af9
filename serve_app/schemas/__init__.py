"""What requests hold and responses show, a file a resource."""
