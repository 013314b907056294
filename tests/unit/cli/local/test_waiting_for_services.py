"""How long a start waits for its services, and for what."""

from types import SimpleNamespace

import pytest

from pfi_cli.local.federation import LOST_STORE_SECONDS, LocalFederation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.local_service import READY_SECONDS, LocalService
from pfi_cli.local.scale import ALONE
from pfi_cli.local.service_plans import service_plans
from pfi_common.errors import LocalFederationFailedError


@pytest.fixture
def layout(tmp_path):
    return StateLayout(tmp_path)


@pytest.fixture
def service(layout, monkeypatch):
    """A service that runs and listens; `looks` says what each look at its readiness finds."""
    (plan, *_) = service_plans(layout, "unix:///redis", ALONE)
    made = LocalService(plan, layout, {})
    process = SimpleNamespace(running=True, log_tail=lambda: "(empty)")
    monkeypatch.setattr(made, "_started", lambda: process)
    monkeypatch.setattr(made, "wait_until_listening", lambda known: known)

    def looks(*found):
        answers = iter(found)
        monkeypatch.setattr(made, "_is_ready", lambda _: next(answers))
        return made

    return looks


def test_a_service_that_was_ready_is_not_asked_again(service):
    known = {"aggregator": "127.0.0.1:1"}
    assert service(False, True).wait_until_ready(known) == known


def test_a_service_that_is_never_ready_is_told(service):
    with pytest.raises(LocalFederationFailedError, match="was not ready within 0 s"):
        service(False).wait_until_ready({}, 0.0)


def test_a_lost_store_is_told_by_aggregators_and_workers_have_their_time(layout, monkeypatch):
    federation, waited = LocalFederation(layout, name="x", say=lambda _: None), {}

    def wait_for(name, seconds=READY_SECONDS):
        waited[name] = seconds
        if name == "aggregator":
            raise LocalFederationFailedError("not ready")

    monkeypatch.setattr(federation, "_wait_for", wait_for)
    with pytest.raises(LocalFederationFailedError, match="seems to have lost its data"):
        federation._go_on_without_key()
    assert waited == {"worker": READY_SECONDS, "aggregator": LOST_STORE_SECONDS}
