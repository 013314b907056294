"""Moments within sentences, as people read them."""

import re
from datetime import datetime

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\+\d\d:\d\d|Z)")


def with_short_moments(sentence: str, now: datetime) -> str:
    """Writes each moment of a sentence as this machine's clock shows it, with its day if not now's.

    Args:
        sentence: With moments in ISO 8601, such as `2026-03-01T17:57:47+00:00`.
        now: The present moment, with its time zone.
    """
    today = now.astimezone().date()

    def short(found: re.Match[str]) -> str:
        moment = datetime.fromisoformat(found[0]).astimezone()
        return f"{moment:%H:%M}" if moment.date() == today else f"{moment:%Y-%m-%d %H:%M}"

    return _MOMENT.sub(short, sentence)
