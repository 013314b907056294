"""Connects to a Qdrant server."""

import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from qdrant_client import QdrantClient

from pfi_common.errors import SettingsInvalidError

_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a Qdrant server is.

    Attributes:
        url: `https://host:port` or `http://host:port`.
        api_key: Key of the server; none when it has none.
        authority: Certificates (PEM) that its certificate is verified against; none for those that
            the machine trusts.
    """

    url: str
    api_key: str | None = field(default=None, repr=False)
    authority: Path | None = None


def connect(address: ServerAddress) -> QdrantClient:
    """Makes a client; nothing is sent yet.

    Raises:
        SettingsInvalidError: The address is no URL, the authority cannot be read, or the API key
            and documents would cross a network in the clear.
    """
    parts = urlsplit(address.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsInvalidError("PFI_RAG_SERVER_URL is not http(s)://host:port.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise SettingsInvalidError(
            "PFI_RAG_SERVER_URL is http:// and not on this machine: documents would cross the "
            "network unencrypted. Give the server a certificate and use https://."
        )
    return QdrantClient(
        url=address.url,
        headers={"api-key": address.api_key} if address.api_key else None,
        timeout=_TIMEOUT_SECONDS,
        check_compatibility=False,
        verify=_context(address.authority),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _context(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError):
        raise SettingsInvalidError(
            "PFI_RAG_SERVER_AUTHORITY is not a file with certificates in PEM."
        ) from None
