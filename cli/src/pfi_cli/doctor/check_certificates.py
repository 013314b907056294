"""Identities on this machine: whether they are whole, until when, and who can read the keys."""

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from pfi_cli.doctor.findings import Finding, ok, problem, skipped, warning
from pfi_cli.doctor.scene import Scene
from pfi_cli.local.scale import aggregator_of
from pfi_common.errors import NotEnrolledError
from pfi_common.identity import LocalIdentity, load_identity
from pfi_common.identity.folder import CERTIFICATE_FILE, KEY_FILE

NAME = "certificate"
SOON = timedelta(days=30)
RENEWABLE = timedelta(days=30)
"""How long after its end a client's certificate can be renewed without a new token."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_certificates(scene: Scene) -> Iterator[Finding]:
    """Looks at the authority, the services and the agents."""
    now, layout = scene.clock.now(), scene.layout
    if scene.federation is None and not scene.agents:
        yield skipped(NAME, "", f"no identity in {layout.root}", "--agent names an agent's folder.")
    authority = layout.coordinator / "authority" / "authority.pem"
    if authority.is_file():
        yield _authority(authority, now)
    services = {aggregator_of(spool): layout.aggregator_of(spool) for spool in layout.spools()}
    for name, service in {"coordinator": layout.coordinator, **services}.items():
        if (service / "identity").is_dir():
            yield from _service(service / "identity", name, now)
    for agent in scene.agents:
        yield from _client(agent / "identity", agent.name, now)


def _authority(path: Path, now: datetime) -> Finding:
    try:
        end = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        step = "Restore the coordinator's state folder from a backup."
        return problem(NAME, "authority", f"{path} is no certificate", step)
    if end - now < SOON:
        step = "Plan a new federation: its members enrol anew."
        kind = problem if end < now else warning
        return kind(NAME, "authority", _until(end, now), step)
    return ok(NAME, "authority", _until(end, now))


def _service(folder: Path, name: str, now: datetime) -> Iterator[Finding]:
    identity = _load(folder)
    step = "`pfi up` renews it at its next start; elsewhere `pfi-coordinator issue-service` does."
    if isinstance(identity, str):
        yield problem(NAME, name, identity, step)
        return
    if identity.expires_at < now:
        yield problem(NAME, name, _until(identity.expires_at, now), step)
    elif identity.expires_at - now < SOON:
        yield warning(NAME, name, _until(identity.expires_at, now), step)
    else:
        yield ok(NAME, name, _until(identity.expires_at, now))
    yield from _private(folder, name)


def _client(folder: Path, name: str, now: datetime) -> Iterator[Finding]:
    if not (folder / CERTIFICATE_FILE).exists():
        step = "`pfi-agent enrol --token ...` enrols it; a folder that nobody needs can be deleted."
        yield skipped(NAME, name, f"not enrolled: no {CERTIFICATE_FILE} in {folder}", step)
        return
    identity = _load(folder)
    again = "Enrol again: `pfi-agent enrol --token ...` with a new token."
    if isinstance(identity, str):
        yield problem(NAME, name, identity, again)
        return
    until = f"{identity.identity.name}, {_until(identity.expires_at, now)}"
    if identity.expires_at + RENEWABLE < now:
        yield problem(NAME, name, until, again)
    elif identity.expires_at < now:
        yield warning(NAME, name, until, "`pfi-agent start` renews it over the same key.")
    else:
        yield ok(NAME, name, f"{until}; a running agent renews it")
    yield from _private(folder, name)


def _private(folder: Path, name: str) -> Iterator[Finding]:
    """A key that others can read is theirs as well."""
    mode = (folder / KEY_FILE).stat().st_mode
    if mode & _OTHERS:
        found = f"{folder / KEY_FILE} can be read by others (mode {stat.S_IMODE(mode):o})"
        yield warning(NAME, name, found, f"chmod 600 {folder / KEY_FILE}")


def _load(folder: Path) -> LocalIdentity | str:
    try:
        return load_identity(folder)
    except NotEnrolledError as error:
        return error.message


def _until(end: datetime, now: datetime) -> str:
    days = (end - now) / timedelta(days=1)
    left = f"{days:,.0f} days" if abs(days) >= 2 else f"{days * 24:,.1f} hours"  # noqa: PLR2004
    moment = f"{end:%Y-%m-%d %H:%M} UTC"
    return f"until {moment} ({left})" if end > now else f"expired {moment}"
