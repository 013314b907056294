"""The HTTP API that answers questions on this device."""
