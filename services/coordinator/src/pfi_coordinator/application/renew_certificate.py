"""Renews the certificate of a client that is connected with it."""

from pfi_common.errors import ClientRevokedError, PermissionDeniedError
from pfi_coordinator.application.certify_client import CertifyClient, ClientCertificate
from pfi_coordinator.application.ports.client_registry import ClientRegistry


class RenewCertificate:
    """Renews certificates over the same key."""

    def __init__(self, registry: ClientRegistry, certify: CertifyClient) -> None:
        self._registry = registry
        self._certify = certify

    async def __call__(self, client: str, key_sha256: str) -> ClientCertificate:
        """Renews a certificate. May be repeated.

        Args:
            client: The caller.
            key_sha256: Of the key that the caller's connection proved.

        Raises:
            ClientUnknownError: The client is not registered.
            ClientRevokedError: It is revoked.
            PermissionDeniedError: The key is not the registered one.
        """
        known = await self._registry.get(client)
        if known.revoked:
            raise ClientRevokedError
        if known.key_sha256 != key_sha256:
            raise PermissionDeniedError("the certificate's key is not the registered one")
        return await self._certify(client, known.public_key_der)
