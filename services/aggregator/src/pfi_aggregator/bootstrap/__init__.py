"""Builds the two programs by hand, each in its own module: the worker must not import grpc."""
