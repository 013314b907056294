"""A client of a federation, written from protos/ and docs alone.

It knows grpc, protobuf, cryptography and numpy, and the messages that protoc makes from protos/;
nothing of this repository's libraries. It enrols with a join token, opens a session, takes tasks,
downloads the base, sends an update of its own (a fixed small vector in place of training), verifies
the receipt, and answers the closing evaluation. Then it prints one JSON object and ends.

    python protos_only_client.py TOKEN AUTHORITY_PEM_FILE
"""

import base64
import hashlib
import json
import queue
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from google.protobuf.message import Message

from pfi.aggregator.v1 import (
    adapter_service_pb2,
    adapter_service_pb2_grpc,
    ticket_pb2,
    update_service_pb2,
    update_service_pb2_grpc,
)
from pfi.common.v1 import adapter_pb2, metrics_pb2, signed_pb2
from pfi.coordinator.v1 import (
    enrolment_service_pb2,
    enrolment_service_pb2_grpc,
    session_service_pb2,
    session_service_pb2_grpc,
    task_pb2,
)

CHUNK_BYTES = 1 << 20
VERSION = "protos-only/1"


def decode_token(text: str) -> tuple[str, str, str]:
    """Endpoint, SHA-256 of the authority's certificate, secret. The last 4 bytes are a checksum."""
    encoded = text.removeprefix("pfi1_")
    data = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    endpoint, fingerprint, secret = json.loads(data[:-4])
    return endpoint, fingerprint, secret


def load_authority(pem: bytes, fingerprint: str) -> x509.Certificate:
    """The authority's certificate, when it is the one that the token names."""
    authority = x509.load_pem_x509_certificate(pem)
    if authority.fingerprint(hashes.SHA256()).hex() != fingerprint:
        raise SystemExit("the authority is not the one of the token")
    return authority


@dataclass
class Membership:
    """What enrolment gives."""

    authority_pem: bytes
    key_pem: bytes
    chain_pem: bytes
    client: str
    endpoints: enrolment_service_pb2.FederationEndpoints

    def channel(self, target: str) -> grpc.Channel:
        """A connection on which both sides show a certificate."""
        credentials = grpc.ssl_channel_credentials(self.authority_pem, self.key_pem, self.chain_pem)
        return grpc.secure_channel(target, credentials)

    @property
    def federation(self) -> str:
        """The federation's name, from the certificate."""
        return member_name(x509.load_pem_x509_certificate(self.chain_pem)).split("/")[2]


def member_name(certificate: x509.Certificate) -> str:
    """The URI by which a certificate names its owner."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (name,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    return name


def enrol(token: str, authority_pem: bytes) -> Membership:
    """Trades a token and a certificate request for a certificate."""
    endpoint, fingerprint, secret = decode_token(token)
    load_authority(authority_pem, fingerprint)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ignored")])
    request = (
        x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    )
    with grpc.secure_channel(endpoint, grpc.ssl_channel_credentials(authority_pem)) as channel:
        answer = enrolment_service_pb2_grpc.EnrolmentServiceStub(channel).EnrolClient(
            enrolment_service_pb2.EnrolClientRequest(
                token_secret=secret,
                certificate_request_der=request.public_bytes(serialization.Encoding.DER),
                agent_version=VERSION,
                display_name="protos only",
            ),
            timeout=10,
        )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    issued = answer.certificate
    return Membership(
        authority_pem, key_pem, issued.certificate_chain_pem, issued.client, answer.endpoints
    )


def coordinate_count(schema: adapter_pb2.AdapterSchema) -> int:
    """Length of the flat vector of a schema."""
    return sum(int(np.prod(tensor.shape)) for tensor in schema.tensors)


def download(channel: grpc.Channel, reference: adapter_pb2.AdapterReference) -> bytes:
    """The payload of an adapter, verified."""
    stub = adapter_service_pb2_grpc.AdapterServiceStub(channel)
    wanted = adapter_service_pb2.DownloadAdapterRequest(digest=reference.digest, offset_bytes=0)
    payload = bytearray()
    size = None
    for message in stub.DownloadAdapter(wanted, timeout=60):
        if message.WhichOneof("message") == "header":
            size = message.header.payload_bytes
        else:
            assert message.chunk.offset_bytes == len(payload)
            payload += message.chunk.data
    assert len(payload) == size
    assert hashlib.sha256(payload).hexdigest() == reference.digest
    return bytes(payload)


def own_update(count: int) -> bytes:
    """A change of the base, as fp32: small, different in neighbouring coordinates."""
    steps = np.arange(count) % 13 - 6
    return (steps * 2.0**-12).astype("<f4").tobytes()


def upload_messages(
    header: update_service_pb2.UpdateHeader, payload: bytes
) -> Iterator[update_service_pb2.UploadUpdateRequest]:
    """Header, then chunks in order."""
    yield update_service_pb2.UploadUpdateRequest(header=header)
    for offset in range(0, len(payload), CHUNK_BYTES):
        data = payload[offset : offset + CHUNK_BYTES]
        chunk = adapter_pb2.PayloadChunk(offset_bytes=offset, data=data)
        yield update_service_pb2.UploadUpdateRequest(chunk=chunk)


def upload(
    channel: grpc.Channel, task: task_pb2.Task, payload: bytes
) -> signed_pb2.SignedStatement:
    """Sends an update and gives the receipt as signed."""
    header = update_service_pb2.UpdateHeader(
        ticket=task.train.ticket,
        encoding=adapter_pb2.ENCODING_FP32,
        payload_bytes=len(payload),
        payload_sha256=hashlib.sha256(payload).hexdigest(),
        offset_bytes=0,
        example_count=1,
        steps_done=task.train.local.steps,
        base_digest=task.base.digest,
    )
    stub = update_service_pb2_grpc.UpdateServiceStub(channel)
    return stub.UploadUpdate(upload_messages(header, payload), timeout=60).receipt


def verify(
    statement: signed_pb2.SignedStatement,
    kind: type[Message],
    signer: str,
    authority: x509.Certificate,
) -> Message:
    """Checks a signed statement in the order that signed.proto gives, and parses it."""
    certificate = x509.load_der_x509_certificate(statement.signing_certificate)
    certificate.verify_directly_issued_by(authority)
    now = datetime.now(UTC)  # noqa: TID251 - it knows nothing of the platform's clock
    assert certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    assert member_name(certificate) == signer
    context = kind.DESCRIPTOR.full_name.encode()
    certificate.public_key().verify(statement.signature, context + b"\0" + statement.payload)
    return kind.FromString(statement.payload)


class Session:
    """The line to the coordinator: a queue of messages out, a stream of messages in."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._outgoing: queue.SimpleQueue[session_service_pb2.SessionRequest | None]
        self._outgoing = queue.SimpleQueue()
        self.say(hello=session_service_pb2.SessionHello(
            agent_version=VERSION,
            protocol_minimum=1,
            protocol_maximum=1,
            upload_encodings=["fp32"],
            training_rows=1,
            ready=True,
        ))  # fmt: skip
        stub = session_service_pb2_grpc.SessionServiceStub(channel)
        self.incoming = stub.Session(iter(self._outgoing.get, None))

    def say(self, **message: Message) -> None:
        """Sends one message."""
        self._outgoing.put(session_service_pb2.SessionRequest(**message))

    def complete(self, task: str, receipt: signed_pb2.SignedStatement | None, loss: str) -> None:
        """Reports the end of a task."""
        metric = metrics_pb2.Metric(name=metrics_pb2.MetricName.Value(loss), value=1.0)
        completed = session_service_pb2.TaskCompleted(receipt=receipt, metrics=[metric])
        self.say(result=session_service_pb2.TaskResult(task=task, completed=completed))

    def close(self) -> None:
        """Ends the stream from this side."""
        self._outgoing.put(None)


class Client:
    """Does tasks until the closing evaluation is recorded."""

    def __init__(self, member: Membership) -> None:
        self.member = member
        self.authority = x509.load_pem_x509_certificate(member.authority_pem)
        self.updates: list[dict] = []

    def work(self) -> None:
        """Takes part from the first task to the closing evaluation."""
        with self.member.channel(self.member.endpoints.coordinator) as channel:
            session = Session(channel)
            last = None
            for message in session.incoming:
                kind = message.WhichOneof("message")
                if kind == "task" and message.task.HasField("train"):
                    receipt = self.train(message.task)
                    session.complete(message.task.task, receipt, "METRIC_NAME_TRAIN_LOSS")
                elif kind == "task":
                    last = message.task.task
                    session.complete(last, None, "METRIC_NAME_EVAL_LOSS_SHARED")
                elif kind == "result_recorded" and message.result_recorded.task == last:
                    session.close()
                    break

    def train(self, task: task_pb2.Task) -> signed_pb2.SignedStatement:
        """Downloads the base, sends the update, and checks what comes back."""
        signers = f"spiffe://{self.member.federation}/signer"
        verify(task.train.ticket, ticket_pb2.UploadTicket, f"{signers}/coordinator", self.authority)
        target = self.member.endpoints.aggregators[task.spool]
        with self.member.channel(target) as channel:
            base = download(channel, task.base)
            payload = own_update(coordinate_count(task.schema))
            assert len(base) == len(payload)
            receipt = upload(channel, task, payload)
        name = f"{signers}/aggregator/{task.spool}"
        content = verify(receipt, ticket_pb2.UpdateReceipt, name, self.authority)
        assert content.task == task.task
        assert content.client == self.member.client
        assert content.payload_sha256 == hashlib.sha256(payload).hexdigest()
        self.updates.append(
            {"task": task.task, "run": task.run, "round": task.round, "base": base.hex(),
             "payload": payload.hex(), "weight_units": content.weight_units}
        )  # fmt: skip
        return receipt


def main() -> None:
    """Enrols, works, and prints what happened."""
    token, authority_file = sys.argv[1:]
    client = Client(enrol(token, Path(authority_file).read_bytes()))
    client.work()
    foreign = sorted(name for name in sys.modules if name.startswith("pfi_"))
    result = {"client": client.member.client, "updates": client.updates, "foreign": foreign}
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
