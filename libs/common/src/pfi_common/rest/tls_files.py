"""What a server needs for TLS."""

import ssl
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TlsFiles:
    """A server's certificate, and whose certificates it asks callers for.

    Attributes:
        identity: Folder with the server's `key.pem` and `certificate.pem`.
        client_authority_pem: Certificate of the authority that callers are verified against; None:
            callers show no certificate.
    """

    identity: Path
    client_authority_pem: bytes | None = None

    def context(self) -> ssl.SSLContext:
        """Makes the context; with an authority for callers nobody connects without a certificate.

        Raises:
            OSError: The files cannot be read, or do not belong together.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.identity / "certificate.pem", self.identity / "key.pem")
        if self.client_authority_pem is not None:
            _require_certificates(context, self.client_authority_pem)
        return context


def _require_certificates(context: ssl.SSLContext, authority_pem: bytes) -> None:
    """Takes TLS 1.3 alone, and no session twice: each connection shows a certificate valid now."""
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.load_verify_locations(cadata=authority_pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
