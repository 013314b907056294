"""Ports that were chosen once and must be free again."""

import socket
from collections.abc import Mapping

from pfi_common.errors import LocalFederationFailedError


def check_free(endpoints: Mapping[str, str]) -> None:
    """Checks that nothing listens where a federation that is about to start has to.

    Raises:
        LocalFederationFailedError: Names the endpoint whose port another process has.
    """
    for name, address in endpoints.items():
        host, _, port = address.rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            # Ports of the last run may still be in TIME_WAIT, which is no reason to refuse.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError as error:
                raise LocalFederationFailedError(
                    f"port {port}, which this federation uses for its {name} endpoint, is taken "
                    f"by another process ({error.strerror}); agents know the port, so stop that "
                    'process, or remove "endpoints" from federation.json and enrol agents again'
                ) from error
