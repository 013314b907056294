"""Difference between this clock and the coordinator's."""

import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from pfi_cli.doctor.findings import Finding, ok, problem, skipped, warning
from pfi_cli.doctor.scene import Scene

NAME = "clock"
WORTH_A_WORD = timedelta(seconds=5)
TOO_FAR = timedelta(minutes=1)
"""Certificates begin a minute before they are issued, so that a clock may be that far behind."""

_SECONDS = 1.5
_HALF_A_SECOND = timedelta(seconds=0.5)
"""The header has whole seconds, cut off: in the middle, half a second is missing."""
_STEP = "Set the clock by NTP: certificates and tickets are refused by a clock that is wrong."


def check_clock(scene: Scene) -> Iterator[Finding]:
    """Compares the clocks by the Date header of the admin API, which needs no key."""
    if scene.url is None:
        yield skipped(NAME, "", "no coordinator is known", "Name one with --url and --authority.")
        return
    try:
        before = scene.clock.now()
        told = _told(scene)
        after = scene.clock.now()
    except (httpx.HTTPError, OSError, ValueError, TypeError) as error:
        step = "Start the federation, or check --url and --authority."
        yield problem(NAME, "", f"{scene.url} does not answer: {error}", step)
        return
    yield judge(told + _HALF_A_SECOND - before - (after - before) / 2)


def judge(ahead: timedelta) -> Finding:
    """Says how far the coordinator's clock is ahead of this one."""
    seconds = ahead.total_seconds()
    direction = "ahead of" if seconds > 0 else "behind"
    if abs(ahead) <= WORTH_A_WORD:
        return ok(NAME, "", f"within {max(1.0, abs(seconds)):.0f} s of the coordinator's")
    found = f"the coordinator's clock is {abs(seconds):.0f} s {direction} this one"
    return (warning if abs(ahead) <= TOO_FAR else problem)(NAME, "", found, _STEP)


def _told(scene: Scene) -> datetime:
    verify = ssl.create_default_context(cafile=scene.authority)
    answer = httpx.get(f"{scene.url}/healthz", verify=verify, timeout=_SECONDS, trust_env=False)
    return parsedate_to_datetime(answer.headers.get("Date", ""))
