"""Channels to members: mutual TLS with this process's identity, or enrolment without one."""

import grpc

from pfi_common.identity.folder import LocalIdentity
from pfi_common.rpc.options import Options, channel_arguments

_LOOPBACK = ("localhost", "127.", "[::1]")


def secure_channel(
    target: str, identity: LocalIdentity, server_authority_pem: bytes | None = None
) -> grpc.aio.Channel:
    """Opens a channel to a member's mTLS port.

    Only servers of this identity's federation are talked to, unless told otherwise. A channel
    keeps its certificate: open a new one after a renewal.

    Args:
        target: host:port.
        identity: This process's own.
        server_authority_pem: Certificate of the authority that the server is verified against,
            where it is not the identity's own.
    """
    credentials = grpc.ssl_channel_credentials(
        root_certificates=server_authority_pem or identity.authority_pem,
        private_key=identity.key_pem,
        certificate_chain=identity.certificate_chain_pem,
    )
    return _open(target, credentials)


def enrolment_channel(target: str, authority_pem: bytes) -> grpc.aio.Channel:
    """Opens a channel to the enrolment port: the server is verified, the caller has no identity.

    Args:
        target: host:port.
        authority_pem: Certificate of the federation's authority, compared with the join token.
    """
    return _open(target, grpc.ssl_channel_credentials(root_certificates=authority_pem))


def _open(target: str, credentials: grpc.ChannelCredentials) -> grpc.aio.Channel:
    return grpc.aio.secure_channel(
        target,
        credentials,
        options=[*channel_arguments(), *_proxy(target)],
        compression=grpc.Compression.NoCompression,
    )


def _proxy(target: str) -> Options:
    """Keeps calls to this machine off a proxy that the environment may name."""
    return [("grpc.enable_http_proxy", 0)] if target.startswith(_LOOPBACK) else []
