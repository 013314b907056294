"""gRPC services of the coordinator."""
