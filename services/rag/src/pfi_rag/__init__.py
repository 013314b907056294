"""Private retrieval: a document index for each client, in the client's trust domain."""
