import pytest
from tests.support.cli.admin_api import CONNECTION, ScriptedApi

from pfi_cli.commands import connected


@pytest.fixture
def scripted(monkeypatch):
    """An admin API that every command talks to."""
    api = ScriptedApi()
    monkeypatch.setattr(connected, "find_connection", lambda _: CONNECTION)
    monkeypatch.setattr(connected, "ApiClient", lambda _: api.client())
    return api
