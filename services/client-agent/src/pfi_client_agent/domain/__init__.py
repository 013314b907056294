"""Values and rules of the agent. Pure: no torch, no gRPC, no files."""
