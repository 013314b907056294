"""The HTTP server of the API, inside the process's event loop."""

import ipaddress

from pfi_common.rest.embedded_server import EmbeddedServer


class AnswersServer(EmbeddedServer):
    """Knows who can reach it, and where."""

    @property
    def url(self) -> str:
        """Where the API is."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """True when only this device can connect."""
        return ipaddress.ip_address(self.host).is_loopback
