"""Turns a join token into an identity."""

from datetime import timedelta

from pfi.coordinator.v1 import enrolment_service_pb2 as enrolment
from pfi_client_agent import __version__
from pfi_client_agent.adapters.authority_probe import fetch_authority
from pfi_client_agent.adapters.coordinator_link import enrol_client
from pfi_client_agent.adapters.endpoints_file import save_endpoints
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.wire_endpoints import endpoints_of
from pfi_common.clock import Clock, SystemClock
from pfi_common.errors import AuthorityMismatchError, NotEnrolledError
from pfi_common.identity import (
    JoinToken,
    LocalIdentity,
    create_certificate_request,
    fingerprint,
    key_to_pem,
    load_identity,
    load_or_create_key,
    save_identity,
)
from pfi_common.identity.folder import KEY_FILE

# As long as the coordinator renews an expired certificate for.
RENEWAL_WINDOW = timedelta(days=30)


async def enrol(
    folder: StateFolder, token_text: str, display_name: str, clock: Clock | None = None
) -> LocalIdentity:
    """Enrol this device, once: repeating it, also after a lost answer, gives the same identity.

    The key is made and stored before the coordinator is asked, and never leaves the device. An
    identity that has expired for too long to be renewed is enrolled anew, with the same key.

    Args:
        folder: Where the identity is kept.
        token_text: The join token.
        display_name: Name for people; empty for none.
        clock: Tells whether an identity can still be renewed; the machine's when None.

    Raises:
        PlatformError: The token or the authority is not accepted, or the coordinator is away.
    """
    token = JoinToken.decode(token_text)
    known = existing_identity(folder)
    if known is not None:
        _require_same_federation(known, token)
        if _is_renewable(known, clock or SystemClock()):
            return known
    authority_pem = await fetch_authority(token.endpoint, token.authority_fingerprint)
    key = load_or_create_key(folder.identity / KEY_FILE)
    request = enrolment.EnrolClientRequest(
        token_secret=token.secret,
        certificate_request_der=create_certificate_request(key),
        agent_version=__version__,
        display_name=display_name,
    )
    response = await enrol_client(token.endpoint, authority_pem, request)
    save_endpoints(folder.endpoints, endpoints_of(token.endpoint, response.endpoints))
    save_identity(
        folder.identity,
        key_pem=key_to_pem(key),
        certificate_chain_pem=response.certificate.certificate_chain_pem,
        authority_pem=authority_pem,
    )
    return load_identity(folder.identity)


def existing_identity(folder: StateFolder) -> LocalIdentity | None:
    """Give the identity of an enrolled device; None when it is not enrolled yet."""
    try:
        return load_identity(folder.identity)
    except NotEnrolledError:
        return None


def _is_renewable(known: LocalIdentity, clock: Clock) -> bool:
    return clock.now() - known.certificate.not_valid_after_utc <= RENEWAL_WINDOW


def _require_same_federation(known: LocalIdentity, token: JoinToken) -> None:
    if fingerprint(known.authority_certificate) != token.authority_fingerprint:
        raise AuthorityMismatchError(
            f"This state folder belongs to {known.identity.name} of the federation "
            f"{known.identity.federation}; the token is of another one. Use another --state."
        )
