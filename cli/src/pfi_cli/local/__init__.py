"""A whole federation on one machine: the same processes, mTLS and Redis as a deployment."""
