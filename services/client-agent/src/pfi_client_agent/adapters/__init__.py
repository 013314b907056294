"""What the agent needs from outside: files, gRPC, and (in `learning`) torch."""
