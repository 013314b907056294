"""Services of the local federation: whether each one answers, and can work."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx

from pfi_cli.doctor.findings import Finding, ok, problem, skipped
from pfi_cli.doctor.scene import Scene
from pfi_cli.local.federation_file import FederationFile
from pfi_cli.local.service_plans import ServicePlan, service_plans

NAME = "service"
LIMIT_SECONDS = 10.0
"""How long the whole check may take."""

_ANSWER_SECONDS = 3.0
"""How long a service may take to answer: one that is stopped takes connections and says nothing."""


def check_services(scene: Scene) -> Iterator[Finding]:
    """Asks every service at once."""
    federation = scene.federation
    if federation is None or not federation.anything_runs:
        yield skipped(NAME, "", f"no federation runs in {scene.layout.root}")
        return
    plans = service_plans(scene.layout, scene.redis_url or "", federation.scale)
    with _client(scene) as client, ThreadPoolExecutor(len(plans)) as threads:
        yield from threads.map(lambda plan: _look(client, federation, plan), plans)


def _look(client: httpx.Client, federation: FederationFile, plan: ServicePlan) -> Finding:
    log = f"logs/{plan.name}.log in the state folder"
    try:
        url = plan.ready_url(federation.endpoints)
    except KeyError:
        return problem(NAME, plan.name, "it never listened", f"See {log}.")
    try:
        answer = client.get(url)
    except httpx.TimeoutException:
        found = f"does not answer within {_ANSWER_SECONDS:g} s{_process(federation, plan.name)}"
        step = f"See {log}; a process that is stopped goes on with `kill -CONT PID`."
        return problem(NAME, plan.name, found, step)
    except (httpx.HTTPError, OSError) as error:
        return problem(NAME, plan.name, f"does not answer: {error}", f"See {log}.")
    if answer.status_code == httpx.codes.OK:
        return ok(NAME, plan.name, "answers, and can work")
    return problem(NAME, plan.name, f"answers: {answer.text.strip()}", f"See {log}.")


def _client(scene: Scene) -> httpx.Client:
    """Makes one for all: what a certificate is verified with takes long to load."""
    authority = scene.layout.authority
    verify = ssl.create_default_context(cafile=authority if authority.is_file() else None)
    return httpx.Client(verify=verify, timeout=_ANSWER_SECONDS, trust_env=False)


def _process(federation: FederationFile, name: str) -> str:
    known = federation.processes.get(name)
    return "" if known is None else f" (process {known.pid})"
