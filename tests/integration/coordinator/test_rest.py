"""The admin API over real TLS."""

import asyncio
import ssl

import httpx
import pytest
from tests.support.coordinator.values import description_document, spec_document

from pfi_common.clock import SystemClock
from pfi_common.errors import CATALOG
from pfi_coordinator.bootstrap.store import create_api_key
from pfi_coordinator.domain.scopes import Scope

pytestmark = pytest.mark.integration


def check_problem(response, status, reason):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["reason"] == reason
    assert problem["status"] == status
    assert problem["next_step"] == CATALOG[reason].next_step
    return problem


async def test_the_server_is_the_federations(coordinator):
    async with httpx.AsyncClient(trust_env=False) as stranger:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await stranger.get(f"https://{coordinator.endpoints.admin}/healthz")
    with pytest.raises((httpx.HTTPError, ssl.SSLError)):
        await httpx.AsyncClient(trust_env=False).get(
            f"http://{coordinator.endpoints.admin}/healthz"
        )


async def test_open_routes_need_no_key(coordinator):
    headers = {"Authorization": ""}
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        assert (await coordinator.admin.get(path, headers=headers)).status_code == 200


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer pfk_0_0", "Bearer pfk_x", "Basic eDp5"])
async def test_every_other_route_needs_a_key(coordinator, key):
    paths = (await coordinator.admin.get("/openapi.json")).json()["paths"]
    guarded = {path: list(methods) for path, methods in paths.items() if path.startswith("/v1")}
    assert len(guarded) == 14
    for path, methods in guarded.items():
        for method in methods:
            filled = path.format(run="r", client="c", digest="a" * 64)
            response = await coordinator.admin.request(
                method, filled, headers={"Authorization": key}
            )
            check_problem(response, 401, "API_KEY_INVALID")


async def test_a_key_does_what_its_scopes_allow(coordinator):
    site = coordinator.site
    settings = site.settings()
    key = await create_api_key(settings, "reader", {Scope.RUNS_READ}, SystemClock())
    headers = {"Authorization": f"Bearer {key}"}
    assert (await coordinator.admin.get("/v1/runs", headers=headers)).status_code == 200
    assert (await coordinator.admin.get("/v1/federation", headers=headers)).status_code == 200
    refused = await coordinator.admin.get("/v1/clients", headers=headers)
    problem = check_problem(refused, 403, "SCOPE_MISSING")
    assert problem["details"] == {"scope": "clients:read"}
    wrong = {"Authorization": f"Bearer {key[:-1]}_"}
    check_problem(await coordinator.admin.get("/v1/runs", headers=wrong), 401, "API_KEY_INVALID")


async def test_keys_are_hashed_at_rest(coordinator, redis_url):
    import redis

    with redis.Redis.from_url(redis_url) as connection:
        for name in connection.keys("pfi:api-key:*"):
            assert connection.hget(name, "secret_sha256")
            secret = coordinator.admin.headers["Authorization"].split("_", 2)[2].encode()
            assert all(secret not in value for value in connection.hgetall(name).values())


@pytest.mark.parametrize(
    ("request_line", "body", "status", "reason"),
    [
        ("GET /v2/runs", None, 404, "INVALID_REQUEST"),
        ("DELETE /v1/runs", None, 405, "INVALID_REQUEST"),
        ("GET /v1/runs/nothing", None, 404, "RUN_UNKNOWN"),
        ("POST /v1/runs/nothing/cancel", None, 404, "RUN_UNKNOWN"),
        ("POST /v1/runs/nothing/pause", None, 404, "RUN_UNKNOWN"),
        ("POST /v1/runs/nothing/pause", {"at_once": 3}, 400, "INVALID_REQUEST"),
        ("POST /v1/runs/nothing/resume", None, 404, "RUN_UNKNOWN"),
        ("POST /v1/runs/nothing/extend", {"rounds": 3}, 404, "RUN_UNKNOWN"),
        ("POST /v1/runs/nothing/extend", {"rounds": 0}, 400, "INVALID_REQUEST"),
        ("POST /v1/runs/nothing/restart", {"name": "x"}, 404, "RUN_UNKNOWN"),
        ("POST /v1/runs/nothing/restart", {"name": "x", "version": -1}, 400, "INVALID_REQUEST"),
        ("GET /v1/runs/x?wait_seconds=61", None, 400, "INVALID_REQUEST"),
        ("POST /v1/clients/c-0/revoke", {"reason": "x"}, 404, "CLIENT_UNKNOWN"),
        ("POST /v1/clients/c-0/revoke", {"reason": ""}, 400, "INVALID_REQUEST"),
        ("POST /v1/tokens", {"ttl_seconds": 0}, 400, "INVALID_REQUEST"),
        ("POST /v1/tokens", {"label": "<b>"}, 400, "INVALID_REQUEST"),
        ("POST /v1/tokens", {"count": 1001}, 400, "INVALID_REQUEST"),
        ("POST /v1/tokens", {"colour": 1}, 400, "INVALID_REQUEST"),
        ("POST /v1/runs", {"spec": {}, "description": {}}, 400, "SPEC_INVALID"),
        (f"GET /v1/adapters/{'a' * 64}/export", None, 404, "ADAPTER_UNKNOWN"),
        ("GET /v1/adapters/xyz/export", None, 400, "INVALID_REQUEST"),
        ("GET /v1/adapters?run=nothing", None, 404, "RUN_UNKNOWN"),
    ],
)
async def test_failures_are_problems(coordinator, request_line, body, status, reason):
    response = await coordinator.admin.request(*request_line.split(), json=body)
    check_problem(response, status, reason)


async def test_bodies_that_are_no_json_or_too_large(coordinator):
    headers = {"content-type": "application/json"}
    response = await coordinator.admin.post("/v1/runs", content=b"{", headers=headers)
    check_problem(response, 400, "INVALID_REQUEST")
    response = await coordinator.admin.post("/v1/runs", content=b" " * (21 << 20), headers=headers)
    check_problem(response, 413, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("spec", "description", "status", "reason"),
    [
        ({"rounds": 3}, {}, 400, "SPEC_INVALID"),
        ({"cohort": {"size": 0}}, {}, 400, "SPEC_INVALID"),
        ({}, {"backbone_digest": "b"}, 400, "SPEC_INVALID"),
        ({"adapter": {"rank": 4, "target_modules": ["q_proj"]}}, {}, 409, "SCHEMA_MISMATCH"),
        ({"cohort": {"size": 2, "minimum": 3}}, {}, 409, "SPEC_UNSOUND"),
    ],
)
async def test_bad_runs_are_refused_at_submission(coordinator, spec, description, status, reason):
    body = {
        "spec": spec_document(**spec),
        "description": description_document() | description,
    }
    check_problem(await coordinator.admin.post("/v1/runs", json=body), status, reason)
    assert (await coordinator.admin.get("/v1/runs")).json() == {"runs": []}


async def test_a_run_is_shown_by_name_listed_and_cancelled(coordinator):
    submitted = await coordinator.submit()
    assert submitted["state"] == "pending"
    assert submitted["why"]["waiting_for"].startswith("version 0")
    assert (
        submitted["fixed_point"]["resolution"] == 2.0 ** -submitted["fixed_point"]["fraction_bits"]
    )
    assert submitted["spec"]["cohort"]["size"] == 3
    again = await coordinator.admin.post(
        "/v1/runs", json={"spec": spec_document(), "description": description_document()}
    )
    check_problem(again, 409, "RUN_EXISTS")
    assert (await coordinator.show("assistants"))["run"] == submitted["run"]
    (line,) = (await coordinator.admin.get("/v1/runs")).json()["runs"]
    assert (line["run"], line["rounds_total"]) == (submitted["run"], 2)
    cancelled = await coordinator.admin.post("/v1/runs/assistants/cancel")
    assert cancelled.json()["state"] == "cancelled"
    assert (await coordinator.admin.post("/v1/runs/assistants/cancel")).status_code == 200


async def test_a_long_poll_answers_when_the_run_changes(coordinator):
    run = (await coordinator.submit())["run"]
    # The aggregator is away, which is noted once the first try has failed.
    shown = await coordinator.until(run, lambda shown: "delayed" in shown["why"]["waiting_for"])
    waiting = asyncio.create_task(coordinator.show(run, shown["revision"], 30))
    await asyncio.wait([waiting], timeout=0.2)
    assert not waiting.done()
    await coordinator.admin.post(f"/v1/runs/{run}/cancel")
    async with asyncio.timeout(60):
        assert (await waiting)["state"] == "cancelled"


async def test_a_long_poll_ends_after_its_time(coordinator):
    run = (await coordinator.submit())["run"]
    await coordinator.admin.post(f"/v1/runs/{run}/cancel")
    shown = await coordinator.until(run, lambda shown: shown["state"] == "cancelled")
    again = await coordinator.show(run, shown["revision"] + 1000, 0.1)
    assert again["state"] == "cancelled"


async def test_the_federation_says_where_it_is(coordinator):
    federation = (await coordinator.admin.get("/v1/federation")).json()
    assert federation["federation"] == "test"
    assert federation["endpoints"]["session"] == coordinator.endpoints.session
