"""What glibc's allocator keeps for itself, and what it gives back.

Unless told otherwise, glibc returns every block above 128 KiB to the system and asks for it again:
a message of 1 MiB then costs 256 page faults a copy, which is more than hashing it. So such blocks
come from its arenas, and whole vectors alone are mapped. On the other hand, uploads from several
threads leave tens of megabytes free in the arenas, and a merge would come on top of it: so there
are two arenas, and what is free at the end of one goes back. Elsewhere (musl, macOS) the functions
do nothing.
"""

import ctypes

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8
_OPTIONS = {
    _M_ARENA_MAX: 2,
    _M_MMAP_THRESHOLD: 4 << 20,
    _M_TRIM_THRESHOLD: 32 << 20,
    _M_TOP_PAD: 1 << 20,
}


def tune_heap() -> None:
    """Sets what is said above; call it before there are threads."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for option, value in _OPTIONS.items():
            library.mallopt(option, value)


def return_free_memory() -> None:
    """Gives free memory back to the system; takes milliseconds."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
