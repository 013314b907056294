"""Numbers of things, in words."""


def counted(count: int, noun: str) -> str:
    """Gives a number with its noun, whose plural is regular: `1 client`, `2 clients`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
