"""HTTP APIs: a server inside a process's event loop, problem documents, bounded bodies.

Needs the extra `rest`. Nothing else in this package imports it.
"""
