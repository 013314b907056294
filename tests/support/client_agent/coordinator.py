"""A scripted coordinator over real gRPC: tests decide what it says."""

import asyncio
from collections import deque

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.support.certificates import DAY, FederationFixture

from pfi.coordinator.v1 import certificate_service_pb2 as certificates
from pfi.coordinator.v1 import certificate_service_pb2_grpc as certificates_grpc
from pfi.coordinator.v1 import enrolment_service_pb2 as enrolment
from pfi.coordinator.v1 import enrolment_service_pb2_grpc as enrolment_grpc
from pfi.coordinator.v1 import session_service_pb2 as session
from pfi.coordinator.v1 import session_service_pb2_grpc as session_grpc
from pfi_common.errors import PlatformError, RenewalRefusedError, TokenUsedError
from pfi_common.identity import identity_of, key_sha256, verify_certificate_request
from pfi_common.rpc.caller import current_caller, require_client


class Enrolment(enrolment_grpc.EnrolmentServiceServicer):
    """Issues certificates.

    Attributes:
        lifetime: Of certificates that are issued.
        lose_answers: So many answers are lost after the token was used.
        requests: Everything that was asked.
        endpoints: What enrolled clients are told.
    """

    def __init__(self, federation: FederationFixture) -> None:
        self._federation = federation
        self._used: dict[str, tuple[str, str]] = {}
        self.endpoints = enrolment.FederationEndpoints()
        self.lifetime = DAY
        self.lose_answers = 0
        self.requests: list[enrolment.EnrolClientRequest] = []
        self.nonce = b"n" * 32
        self.renewals: list[enrolment.RenewExpiredCertificateRequest] = []
        self.error: PlatformError | None = None

    async def EnrolClient(self, request, context):  # noqa: N802
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        key = verify_certificate_request(request.certificate_request_der)
        client = f"c-{len(self._used):012x}"
        known = self._used.setdefault(request.token_secret, (key_sha256(key), client))
        if known[0] != key_sha256(key):
            raise TokenUsedError
        if self.lose_answers:
            self.lose_answers -= 1
            raise ConnectionError("the answer is lost")
        return enrolment.EnrolClientResponse(
            certificate=self.issue(key, known[1]), endpoints=self.endpoints
        )

    async def CreateRenewalChallenge(self, request, context):  # noqa: N802
        return enrolment.CreateRenewalChallengeResponse(nonce=self.nonce)

    async def RenewExpiredCertificate(self, request, context):  # noqa: N802
        self.renewals.append(request)
        if self.error is not None:
            raise self.error
        if request.nonce != self.nonce:
            raise RenewalRefusedError
        return enrolment.RenewExpiredCertificateResponse(
            certificate=self.reissue(request.certificate_pem)
        )

    def issue(self, public_key, client: str) -> enrolment.IssuedCertificate:
        """Issue a certificate."""
        made = self._federation.authority.issue_client(public_key, client, self.lifetime)
        pem = made.public_bytes(Encoding.PEM)
        chain = pem + self._federation.authority.certificate_pem
        return enrolment.IssuedCertificate(certificate_chain_pem=chain, client=client)

    def reissue(self, certificate_pem: bytes) -> enrolment.IssuedCertificate:
        """Issue a certificate over the same key and name."""
        old = x509.load_pem_x509_certificates(certificate_pem)[0]
        return self.issue(old.public_key(), identity_of(old).name)


class Coordinator(
    session_grpc.SessionServiceServicer, certificates_grpc.CertificateServiceServicer
):
    """Holds sessions and renews certificates.

    Attributes:
        hellos: First messages of all sessions.
        results: Results that arrived, in order.
        progress: Progress that arrived.
        device_changes: News of devices that arrived.
        takes_device_reports: What welcomes say.
        records_results: Answers results with `result_recorded`.
        refusals: Errors that new sessions end with, one each.
        aggregators: What welcomes say.
        ended_runs: Runs that welcomes call ended.
        on_open: Messages that each new session gets after its welcome.
    """

    def __init__(self, enrolments: Enrolment) -> None:
        self._enrolments = enrolments
        self.hellos: list[session.SessionHello] = []
        self.results: list[session.TaskResult] = []
        self.progress: list[session.TaskProgress] = []
        self.device_changes: list[session.DeviceReport] = []
        self.takes_device_reports = True
        self.records_results = True
        self.refusals: deque[PlatformError] = deque()
        self.aggregators: dict[str, str] = {}
        self.ended_runs: list[str] = []
        self.on_open: list[session.SessionResponse] = []
        self.renewed: list[str] = []
        self._open: asyncio.Queue[session.SessionResponse | PlatformError | None] | None = None

    def add_to(self, server) -> None:
        """Register both services."""
        session_grpc.add_SessionServiceServicer_to_server(self, server)
        certificates_grpc.add_CertificateServiceServicer_to_server(self, server)

    def say(self, **message) -> None:
        """Send a message on the open session."""
        self._open.put_nowait(session.SessionResponse(**message))

    def end(self, error: PlatformError | None = None) -> None:
        """End the open session."""
        self._open.put_nowait(error)

    @property
    def connected(self) -> bool:
        """True while a session is open."""
        return self._open is not None

    async def RenewCertificate(self, request, context):  # noqa: N802
        self.renewed.append(require_client())
        caller = current_caller()
        pem = context.auth_context()["x509_pem_cert"][0]
        assert caller.identity.name == require_client()
        return certificates.RenewCertificateResponse(
            certificate=self._enrolments.reissue(pem), endpoints=self._enrolments.endpoints
        )

    async def Session(self, requests, context):  # noqa: N802
        self.hellos.append((await anext(requests)).hello)
        if self.refusals:
            raise self.refusals.popleft()
        self._open = queue = asyncio.Queue()
        welcome = session.SessionWelcome(
            protocol=1,
            client=require_client(),
            aggregators=self.aggregators,
            ended_runs=self.ended_runs,
            takes_device_reports=self.takes_device_reports,
        )
        await context.write(session.SessionResponse(welcome=welcome))
        for message in self.on_open:
            await context.write(message)
        reading = asyncio.create_task(self._read(requests))
        try:
            while (message := await queue.get()) is not None:
                if isinstance(message, PlatformError):
                    raise message
                await context.write(message)
        finally:
            reading.cancel()
            if self._open is queue:
                self._open = None

    async def _read(self, requests) -> None:
        async for request in requests:
            if request.WhichOneof("message") == "progress":
                self.progress.append(request.progress)
                continue
            if request.WhichOneof("message") == "device_changed":
                self.device_changes.append(request.device_changed)
                continue
            self.results.append(request.result)
            if self.records_results:
                self.say(result_recorded=session.TaskResultRecorded(task=request.result.task))
