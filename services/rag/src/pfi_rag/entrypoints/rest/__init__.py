"""The REST API: the same use cases as the gRPC service, over mutual TLS."""
