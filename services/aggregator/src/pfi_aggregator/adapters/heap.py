"""What glibc's allocator keeps for itself.

Uploads of 1 MiB chunks from several threads leave tens of megabytes of free memory in the arenas of
glibc; a merge would come on top of it. Elsewhere (musl, macOS) both functions do nothing.
"""

import ctypes

_M_ARENA_MAX = -8
_ARENAS = 2


def limit_arenas() -> None:
    """Lets all threads share two arenas; call it before there are threads."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def return_free_memory() -> None:
    """Gives free memory back to the system; takes milliseconds."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
