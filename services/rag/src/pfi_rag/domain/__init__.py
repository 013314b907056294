"""Rules of retrieval: documents, queries, and who owns an index. Pure."""
