"""The admin REST API as Python calls."""

import ssl
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

from pfi_cli.api.clusters import Clusters
from pfi_cli.api.connection import Connection
from pfi_cli.api.records import Adapter, Client, FederationInfo, Token
from pfi_cli.api.runs import Run, RunSummary
from pfi_common.errors import InternalError, ServiceUnavailableError, error_from_problem

TIMEOUT_SECONDS = 15.0
CONNECT_SECONDS = 5.0


class ApiClient:
    """Calls the admin API of one federation; use it as a context manager.

    Every method raises `PlatformError`: the server's own, or `ServiceUnavailableError` when it does
    not answer.
    """

    def __init__(
        self, connection: Connection, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Prepares the connection; nothing is sent yet.

        Args:
            connection: Where to and with which key.
            transport: Replaces the network, for tests.
        """
        self._url = connection.url
        self._http = httpx.Client(
            base_url=connection.url,
            headers={"Authorization": f"Bearer {connection.api_key}"},
            timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            verify=True if transport else ssl.create_default_context(cafile=connection.authority),
            transport=transport,
            # An idle connection would hold up the coordinator's shutdown, and break by a restart.
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,  # a proxy has no business between an operator and the federation
        )

    def __enter__(self) -> "ApiClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()

    def federation(self) -> FederationInfo:
        """Asks which federation this is."""
        return FederationInfo.model_validate(self._get("/v1/federation"))

    def ready(self) -> bool:
        """Whether the coordinator is there and can work."""
        try:
            return self._http.get("/readyz").status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def create_token(self, *, label: str, ttl_seconds: int) -> Token:
        """Makes a one-time join token."""
        return self.create_tokens(1, label=label, ttl_seconds=ttl_seconds)

    def create_tokens(self, count: int, *, label: str, ttl_seconds: int) -> Token:
        """Makes one-time join tokens, at most 1,000."""
        body = {"label": label, "ttl_seconds": ttl_seconds, "count": count}
        return Token.model_validate(self._post("/v1/tokens", body))

    def clients(self) -> Sequence[Client]:
        """Lists enrolled clients."""
        return [Client.model_validate(item) for item in self._get("/v1/clients")["clients"]]

    def revoke_client(self, client: str, *, reason: str | None = None) -> None:
        """Shuts a client out, within seconds and for good."""
        body = {"reason": reason} if reason else {}
        self._post(f"/v1/clients/{_segment(client)}/revoke", body)

    def submit_run(self, spec: Mapping[str, Any], description: Mapping[str, Any]) -> Run:
        """Starts a run from a specification and what `pfi-agent describe` says about it."""
        body = {"spec": spec, "description": description}
        return Run.model_validate(self._post("/v1/runs", body))

    def runs(self) -> Sequence[RunSummary]:
        """Lists runs."""
        return [RunSummary.model_validate(item) for item in self._get("/v1/runs")["runs"]]

    def run(self, run: str, *, after_revision: int | None = None, wait_seconds: float = 0.0) -> Run:
        """Reads a run.

        Args:
            run: Id or unique name.
            after_revision: Wait for a newer revision than this one.
            wait_seconds: How long to wait for it; then the current one comes.
        """
        return Run.model_validate(self.run_document(run, after_revision, wait_seconds))

    def run_document(
        self, run: str, after_revision: int | None = None, wait_seconds: float = 0.0
    ) -> dict[str, Any]:
        """Reads a run as the server wrote it. See `run`."""
        query: dict[str, Any] = {}
        if after_revision is not None:
            query = {"after_revision": after_revision, "wait_seconds": wait_seconds}
        return self._get(f"/v1/runs/{_segment(run)}", query, TIMEOUT_SECONDS + wait_seconds)

    def clusters_document(self, run: str) -> dict[str, Any]:
        """Reads the clusters of a run as the server wrote them."""
        return self._get(f"/v1/runs/{_segment(run)}/clusters")

    def clusters(self, run: str) -> Clusters:
        """Reads the clusters of a run and who belongs to them."""
        return Clusters.model_validate(self.clusters_document(run))

    def cancel_run(self, run: str) -> Run:
        """Stops a run; what it published stays."""
        return Run.model_validate(self._post(f"/v1/runs/{_segment(run)}/cancel", {}))

    def pause_run(self, run: str, *, at_once: bool) -> Run:
        """Opens no further round; `at_once` breaks the open one off as well."""
        body = {"at_once": at_once}
        return Run.model_validate(self._post(f"/v1/runs/{_segment(run)}/pause", body))

    def resume_run(self, run: str) -> Run:
        """Lets a paused run go on."""
        return Run.model_validate(self._post(f"/v1/runs/{_segment(run)}/resume", {}))

    def extend_run(self, run: str, rounds: int) -> Run:
        """Gives a run this many rounds in all."""
        body = {"rounds": rounds}
        return Run.model_validate(self._post(f"/v1/runs/{_segment(run)}/extend", body))

    def restart_run(self, run: str, body: Mapping[str, Any]) -> Run:
        """Begins a new run with an adapter of this one; the body is that of the REST reference."""
        return Run.model_validate(self._post(f"/v1/runs/{_segment(run)}/restart", body))

    def adapters(self, run: str | None = None) -> Sequence[Adapter]:
        """Lists published adapters, of one run or of all."""
        query = {} if run is None else {"run": run}
        return [Adapter.model_validate(a) for a in self._get("/v1/adapters", query)["adapters"]]

    def export_adapter(self, digest: str) -> bytes | float:
        """Asks for an adapter as a zip of a PEFT folder.

        Returns:
            The zip, or the seconds after which to ask again.
        """
        answer = self._send("GET", f"/v1/adapters/{_segment(digest)}/export")
        if answer.status_code == httpx.codes.ACCEPTED:
            return float(answer.headers.get("Retry-After", "1"))
        return answer.content

    def _get(
        self, path: str, query: Mapping[str, Any] | None = None, timeout: float = TIMEOUT_SECONDS
    ) -> dict[str, Any]:
        return _object(self._send("GET", path, params=query or {}, timeout=timeout))

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._send("POST", path, json=body)
        return {} if answer.status_code == httpx.codes.NO_CONTENT else _object(answer)

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.TransportError as error:
            raise ServiceUnavailableError(self._unreachable(error)) from error
        if answer.is_error:
            raise error_from_problem(_problem(answer))
        return answer

    def _unreachable(self, error: httpx.TransportError) -> str:
        cause = str(error) or type(error).__name__
        return f"the admin API at {self._url} does not answer: {cause}"


def _segment(value: str) -> str:
    """Makes one path segment of a value, whatever it holds."""
    return quote(value, safe="")


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError as error:
        raise InternalError(f"the answer of {answer.url} is not JSON") from error
    if not isinstance(document, dict):
        raise InternalError(f"the answer of {answer.url} is not a JSON object")
    return document


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    if isinstance(document, dict) and "reason" in document:
        return document
    return {
        "reason": "SERVICE_UNAVAILABLE" if answer.is_server_error else "INTERNAL",
        "detail": f"{answer.url} answered {answer.status_code} without a reason",
    }
