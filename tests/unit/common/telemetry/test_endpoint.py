import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge

from pfi_common.errors import SettingsInvalidError
from pfi_common.telemetry.endpoint import OperationsEndpoint


@pytest.fixture
def state():
    return {"ready": True}


@pytest.fixture
def get(state):
    registry = CollectorRegistry()
    Gauge("pfi_test_things", "Things.", registry=registry).set(3)
    endpoint = OperationsEndpoint(registry, "127.0.0.1", 0, lambda: state["ready"])
    port = endpoint.start()

    def fetch(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    yield fetch
    endpoint.stop()
    endpoint.stop()


def test_metrics_are_served(get):
    status, text = get("/metrics")
    assert status == 200
    assert "pfi_test_things 3.0" in text


def test_alive_is_not_ready(get, state):
    assert get("/readyz") == (200, "ready\n")
    state["ready"] = False
    assert get("/readyz") == (503, "not ready\n")
    assert get("/healthz") == (200, "alive\n")


@pytest.mark.parametrize("path", ["/", "/metrics/../../etc/passwd", "/favicon.ico"])
def test_there_is_nothing_else(get, path):
    assert get(path)[0] == 404


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="there is no IPv6")
def test_an_ipv6_address_may_stand_in_brackets():
    endpoint = OperationsEndpoint(CollectorRegistry(), "[::1]", 0, lambda: True)
    try:
        port = endpoint.start()
        with socket.create_connection(("::1", port), timeout=60):
            pass
    finally:
        endpoint.stop()


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("127.0.0.1", 99_999), ("[:]", 0)])
def test_an_address_that_cannot_be_had_is_a_wrong_setting(host, port):
    endpoint = OperationsEndpoint(CollectorRegistry(), host, port, lambda: True)
    with pytest.raises(SettingsInvalidError):
        endpoint.start()
    endpoint.stop()
