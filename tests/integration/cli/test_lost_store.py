"""Redis loses everything: what `pfi up` does, says and offers."""

import shutil

import pytest

from pfi_cli.api.client import ApiClient
from pfi_cli.api.connection import local_connection
from pfi_cli.local.federation import LocalFederation
from pfi_cli.local.layout import StateLayout
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.enrol import enrol
from pfi_common.errors import LocalFederationFailedError

pytestmark = pytest.mark.integration


class Started:
    """A federation in a folder for the length of a block."""

    def __init__(self, layout, **options) -> None:
        self.said: list[str] = []
        self._layout = layout
        self._federation = LocalFederation(layout, name="test", say=self.said.append, **options)

    def __enter__(self) -> "Started":
        self._federation.start()
        return self

    def __exit__(self, *_) -> None:
        self._federation.stop()

    def token(self) -> str:
        with ApiClient(local_connection(self._layout)) as api:
            return api.create_token(label="", ttl_seconds=600).token


async def test_a_lost_store_gets_a_new_key_and_is_accepted_when_asked(tmp_path):
    layout = StateLayout(tmp_path / "state")
    device = StateFolder(tmp_path / "device")
    with Started(layout):
        key = layout.api_key_file.read_text()
    with Started(layout) as again:
        assert layout.api_key_file.read_text() == key
        assert not any("API key" in sentence for sentence in again.said)
    shutil.rmtree(layout.redis)
    with (
        pytest.raises(LocalFederationFailedError, match="up --accept-empty-store"),
        Started(layout),
    ):
        pass
    with Started(layout, accept_empty_store=True) as accepted:
        assert layout.api_key_file.read_text() != key
        assert (await enrol(device, accepted.token(), "")).identity.federation == "test"
