"""What lies in a spool of this machine."""

from pathlib import Path


def unsettled_rounds(spool: Path) -> int:
    """Counts the attempts of rounds in a spool that have not settled, the open ones among them."""
    return sum(1 for path in spool.glob("[!.]*/*/*/*/.plan") if path.is_file())
