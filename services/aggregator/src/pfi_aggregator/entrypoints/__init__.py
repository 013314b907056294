"""Translation between the wire and the use cases."""
