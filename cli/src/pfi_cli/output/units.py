"""Numbers for people."""

_STEP = 1000.0


def bytes_text(count: float) -> str:
    """A size with three digits and a unit: `0 B`, `66.6 kB`, `1.23 MB`."""
    size, units = float(count), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= _STEP and unit != "TB":
        size, unit = size / _STEP, next(units)
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"


def seconds_text(seconds: float | None) -> str:
    """A duration: `7 ms`, `0.42 s`, `12.3 s`, `3 min 05 s`."""
    if seconds is None:
        return "-"
    if seconds < 0.1:  # noqa: PLR2004
        return f"{1000 * seconds:.0f} ms"
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.2f} s"
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s"


def loss_text(loss: float | None) -> str:
    """A loss in nats."""
    return "-" if loss is None else f"{loss:.3f}"


def share_text(share: float | None) -> str:
    """A share in percent."""
    return "-" if share is None else f"{share:.1%}"


def count_text(count: float | None) -> str:
    """A large number without a fraction: `1,234`."""
    return "-" if count is None else f"{count:,.0f}"
