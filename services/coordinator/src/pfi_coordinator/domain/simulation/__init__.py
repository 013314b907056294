"""A simulated federation around the round machine: devices, network and services as models."""
