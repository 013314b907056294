"""gRPC between members: mutual TLS, one policy per method, one interceptor, typed errors."""
