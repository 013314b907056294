"""Numbers as people read them."""

_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_FEW = 10.0


def size_text(size_bytes: float) -> str:
    """Writes a number of bytes, in decimal units."""
    for factor, unit in _UNITS:
        if size_bytes >= factor:
            return f"{size_bytes / factor:.3g} {unit}"
    return f"{size_bytes:.0f} B"


def time_text(seconds: float) -> str:
    """Writes a length of time with its two largest units."""
    if seconds < _FEW:
        return f"{seconds:.2g} s"
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min"
    return f"{seconds // _DAY:.0f} days {seconds % _DAY // _HOUR:.0f} h"


def share_text(share: float) -> str:
    """Writes a share in percent."""
    return f"{100 * share:.1f} %"


def rate_text(value: float) -> str:
    """Writes a number a second."""
    return f"{value:,.0f}" if value >= _FEW else f"{value:.2g}"
