"""Services that answer, that cannot work, and that say nothing."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pfi_cli.doctor import check_services
from pfi_cli.doctor.findings import Status
from pfi_cli.local.federation_file import FederationFile, RecordedProcess
from pfi_cli.local.process_record import ProcessRecord


class Ready(BaseHTTPRequestHandler):
    status, body = 200, b"ready\n"

    def do_GET(self):
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *arguments):
        """Says nothing."""


class NotReady(Ready):
    status, body = 503, b"not ready\n"


@contextmanager
def answering(handler: type[Ready]) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def silent() -> Iterator[str]:
    """What a stopped process is like: the system takes connections for it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def check(make_scene, monkeypatch):
    def run(patience_seconds=60, **endpoints):
        monkeypatch.setattr(check_services, "_ANSWER_SECONDS", patience_seconds)
        this = ProcessRecord.of(os.getpid())
        process = RecordedProcess(pid=this.pid, start=this.start)
        federation = FederationFile(
            name="local", aggregators=2, processes={"aggregator-1": process}, endpoints=endpoints
        )
        found = check_services.check_services(make_scene(federation=federation))
        return {each.subject: each for each in found}

    return run


def test_each_service_is_asked(check):
    with answering(Ready) as ready, answering(NotReady) as not_ready:
        found = check(aggregator_operations=ready, worker_operations=not_ready)
    assert list(found) == ["aggregator", "aggregator-1", "worker", "coordinator"]
    assert found["aggregator"].status is Status.OK
    assert found["worker"].found == "answers: not ready"
    assert found["coordinator"].found == "it never listened"


def test_a_silent_service_is_told(check):
    with silent() as stopped:
        found = check(patience_seconds=0.3, **{"aggregator-1_operations": stopped})
    assert found["aggregator-1"].status is Status.PROBLEM
    assert f"does not answer within 0.3 s (process {os.getpid()})" in found["aggregator-1"].found


def test_a_service_that_is_gone_is_told(check):
    with silent() as address:
        pass
    found = check(worker_operations=address)
    assert found["worker"].status is Status.PROBLEM
    assert "does not answer" in found["worker"].found


def test_a_stopped_federation_is_not_asked(make_scene):
    (found,) = check_services.check_services(make_scene(federation=FederationFile(name="local")))
    assert found.status is Status.SKIPPED
