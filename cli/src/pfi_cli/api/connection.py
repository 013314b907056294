"""Where the admin API is and what opens it."""

from dataclasses import dataclass
from pathlib import Path

from pfi_cli.local.federation_file import read_federation
from pfi_cli.local.layout import StateLayout
from pfi_cli.settings import CliSettings
from pfi_common.errors import ServiceUnavailableError, SettingsInvalidError


class FederationStoppedError(ServiceUnavailableError):
    """The federation of a state folder does not run; to wait would not help."""

    def __init__(self, layout: StateLayout) -> None:
        super().__init__(f"the federation in {layout.root} does not run")
        self._start = f"`pfi up --detach --state {layout.root}` starts it."

    @property
    def next_step(self) -> str:
        """What the reader does next."""
        return self._start


class NoFederationError(ServiceUnavailableError):
    """There is no federation in a state folder; to wait would not help."""

    def __init__(self, layout: StateLayout) -> None:
        super().__init__(f"there is no federation in {layout.root}")
        self._start = (
            f"`pfi up --detach --state {layout.root}` starts one there; --state names another "
            "folder, --url a remote federation."
        )

    @property
    def next_step(self) -> str:
        """What the reader does next."""
        return self._start


@dataclass(frozen=True)
class Connection:
    """How to reach a federation's admin API.

    Attributes:
        url: `https://host:port`.
        authority: PEM file of the certificate authority that the server is verified with.
        api_key: Secret that is sent with each request.
    """

    url: str
    authority: Path
    api_key: str


def find_connection(settings: CliSettings) -> Connection:
    """Finds the federation that the settings name: a remote one by its URL, else a local one.

    Raises:
        SettingsInvalidError: A URL came without authority or key, or a file cannot be read.
        ServiceUnavailableError: There is no local federation in the state folder, or it is stopped.
    """
    if settings.url is not None:
        return _remote(settings, settings.url)
    layout = StateLayout(settings.state)
    connection = local_connection(layout)
    _require_running(layout)
    return connection


def local_connection(layout: StateLayout) -> Connection:
    """Finds the federation in a state folder.

    Raises:
        ServiceUnavailableError: There is none, or it was never started completely.
    """
    described = read_federation(layout)
    if described is None or described.admin is None:
        raise NoFederationError(layout)
    return Connection(
        f"https://{described.admin}", layout.authority, _read_secret(layout.api_key_file)
    )


def _require_running(layout: StateLayout) -> None:
    described = read_federation(layout)
    if described is not None and not described.anything_runs:
        raise FederationStoppedError(layout)


def _remote(settings: CliSettings, url: str) -> Connection:
    if settings.authority is None or settings.api_key_file is None:
        raise SettingsInvalidError(
            "a federation that is named by --url needs --authority (the PEM file of its "
            "certificate authority) and --api-key-file as well"
        )
    if not settings.authority.is_file():
        raise SettingsInvalidError(f"--authority: there is no file {settings.authority}")
    return Connection(url.rstrip("/"), settings.authority, _read_secret(settings.api_key_file))


def _read_secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsInvalidError(
            f"the API key file {path} cannot be read: {error.strerror}"
        ) from error
