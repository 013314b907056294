"""Translation between the outside world and the use cases."""
