"""Fetches the authority's certificate from a server that is not trusted yet."""

import asyncio
import ipaddress

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from pfi_common.errors import AuthorityMismatchError, ServiceUnavailableError, TokenInvalidError
from pfi_common.identity import fingerprint

_TIMEOUT_SECONDS = 10.0
_PIECE_BYTES = 1 << 16


async def fetch_authority(endpoint: str, expected_fingerprint: str) -> bytes:
    """Give the certificate (PEM) with this fingerprint from the chain that a server presents.

    That the server has a key which this authority certified is not checked here: the channel that
    is opened with the result does that.

    Args:
        endpoint: host:port.
        expected_fingerprint: SHA-256 of the certificate (DER), hexadecimal.

    Raises:
        ServiceUnavailableError: Nothing answers there, or not with TLS.
        AuthorityMismatchError: The server presents no such certificate.
        TokenInvalidError: The endpoint is not host:port.
    """
    host, port = _host_and_port(endpoint)
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                connection = await _handshake(reader, writer, host)
            finally:
                writer.close()
    except TimeoutError as error:
        raise ServiceUnavailableError(f"{endpoint} does not answer.") from error
    except (OSError, SSL.Error) as error:
        raise ServiceUnavailableError(f"{endpoint} cannot be reached with TLS.") from error
    return _find(connection, endpoint, expected_fingerprint)


async def _handshake(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str
) -> SSL.Connection:
    connection = SSL.Connection(_context(), None)
    connection.set_connect_state()
    if not _is_address(host):
        connection.set_tlsext_host_name(host.encode("idna"))
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            await _send(connection, writer)
            received = await reader.read(_PIECE_BYTES)
            if not received:
                raise ConnectionResetError("the server closed the connection") from None
            connection.bio_write(received)
        else:
            return connection


async def _send(connection: SSL.Connection, writer: asyncio.StreamWriter) -> None:
    try:
        writer.write(connection.bio_read(_PIECE_BYTES))
    except SSL.WantReadError:
        return
    await writer.drain()


def _context() -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    # The chain is compared with the fingerprint of the join token instead.
    context.set_verify(SSL.VERIFY_NONE)
    context.set_alpn_protos([b"h2"])
    return context


def _find(connection: SSL.Connection, endpoint: str, expected_fingerprint: str) -> bytes:
    chain = connection.get_peer_cert_chain(as_cryptography=True) or []
    for certificate in chain:
        if fingerprint(certificate) == expected_fingerprint:
            return certificate.public_bytes(Encoding.PEM)
    raise AuthorityMismatchError(
        f"{endpoint} does not present the authority {expected_fingerprint[:16]}... that the join "
        f"token names: the token is of another federation, or something stands in between."
    )


def _host_and_port(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.rpartition(":")
    if not host or not port.isdecimal():
        raise TokenInvalidError("the join token does not say host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
