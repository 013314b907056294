import httpx
import pytest
from tests.support.cli.admin_api import ScriptedApi
from tests.support.cli.run_documents import run_document

from pfi_common.errors import (
    InternalError,
    RunUnknownError,
    ScopeMissingError,
    ServiceUnavailableError,
    problem_document,
)

PROBLEM = {"content-type": "application/problem+json"}


@pytest.fixture
def scripted():
    return ScriptedApi()


def test_the_key_is_sent_with_every_request(scripted):
    scripted.on("GET", "/v1/runs", {"runs": []})
    with scripted.client() as api:
        assert api.runs() == []
    assert scripted.requests[0].headers["Authorization"] == "Bearer pfk_1_secret"


def test_a_run_is_read_with_everything_in_it(scripted):
    scripted.on("GET", "/v1/runs/river", run_document())
    with scripted.client() as api:
        run = api.run("river")
    assert run.state == "completed"
    assert run.ended
    assert run.rounds_planned == 2
    assert run.rounds[1].wall_seconds == 10.0
    assert run.rounds[1].cohort[0].name == "ada"
    assert run.evaluation[1].metrics["eval_loss_shared"] == 4.0


def test_members_of_a_newer_server_are_ignored(scripted):
    scripted.on("GET", "/v1/runs/river", run_document(mood="good"))
    with scripted.client() as api:
        assert api.run("river").name == "river"


def test_waiting_for_a_newer_revision_is_asked_of_the_server(scripted):
    scripted.on("GET", "/v1/runs/river", run_document())
    with scripted.client() as api:
        api.run("river", after_revision=16, wait_seconds=2.5)
    assert dict(scripted.requests[0].url.params) == {"after_revision": "16", "wait_seconds": "2.5"}


def test_a_problem_document_becomes_the_error_that_it_names(scripted):
    problem = problem_document(RunUnknownError("no run river"))
    scripted.on("GET", "/v1/runs/river", problem, 404, headers=PROBLEM)
    with scripted.client() as api, pytest.raises(RunUnknownError, match="no run river"):
        api.run("river")


def test_a_missing_scope_is_an_error_of_its_own(scripted):
    problem = problem_document(ScopeMissingError())
    scripted.on("POST", "/v1/tokens", problem, 403, headers=PROBLEM)
    with scripted.client() as api, pytest.raises(ScopeMissingError):
        api.create_token(label="", ttl_seconds=60)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ReadTimeout(""), httpx.RemoteProtocolError("x")]
)
def test_a_server_that_does_not_answer_is_unavailable(scripted, error):
    scripted.fail("GET", "/v1/clients", error)
    with scripted.client() as api, pytest.raises(ServiceUnavailableError, match=r"127\.0\.0\.1:1"):
        api.clients()


@pytest.mark.parametrize(("status", "kind"), [(502, ServiceUnavailableError), (404, InternalError)])
def test_an_error_of_something_in_between_has_a_reason_too(scripted, status, kind):
    scripted.on("GET", "/v1/clients", {"error": "from a proxy"}, status)
    with scripted.client() as api, pytest.raises(kind, match=str(status)):
        api.clients()


def test_an_answer_that_is_no_object_is_refused(scripted):
    scripted.on("GET", "/v1/federation", ["what"])
    with scripted.client() as api, pytest.raises(InternalError, match="not a JSON object"):
        api.federation()


def test_a_name_is_one_path_segment_whatever_it_holds(scripted):
    scripted.on("POST", "/v1/clients/a/../b/revoke", {})
    with scripted.client() as api:
        api.revoke_client("a/../b", reason="lost")
    assert scripted.requests[0].url.raw_path == b"/v1/clients/a%2F..%2Fb/revoke"


def test_a_pending_export_says_when_to_ask_again(scripted):
    digest = "a" * 64
    path = f"/v1/adapters/{digest}/export"
    scripted.on("GET", path, {"state": "pending"}, 202, headers={"Retry-After": "0.25"})
    scripted.on("GET", path, {"not": "json but bytes"})
    with scripted.client() as api:
        assert api.export_adapter(digest) == 0.25
        assert isinstance(api.export_adapter(digest), bytes)


def test_readiness_is_false_without_a_server(scripted):
    scripted.fail("GET", "/readyz", httpx.ConnectError("refused"))
    with scripted.client() as api:
        assert not api.ready()
