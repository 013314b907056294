"""Prepares a state folder."""

from collections.abc import Sequence
from pathlib import Path

from pfi_common.clock import SystemClock
from pfi_common.identity.files import PUBLIC, write_durably
from pfi_rag.adapters.process_locks import StateLock
from pfi_rag.adapters.service_identity import ensure_identity, read_federation_authority
from pfi_rag.settings import RagSettings


def initialise(
    settings: RagSettings, federation_authority: Path | None, hosts: Sequence[str]
) -> Path:
    """Makes what the service needs and gives the folder. May be repeated.

    Args:
        settings: Of the process.
        federation_authority: Certificate to copy; None: what is known already.
        hosts: Further names of the service.

    Raises:
        SettingsInvalidError: The authority's certificate is missing or none.
        IndexLockedError: The service runs.
    """
    known = settings.federation_authority or settings.state / "authority.pem"
    authority_pem, _ = read_federation_authority(federation_authority or known)
    lock = StateLock(settings.state)
    try:
        write_durably(settings.state / "authority.pem", authority_pem, PUBLIC)
        ensure_identity(settings.state, hosts, SystemClock())
    finally:
        lock.close()
    return settings.state
