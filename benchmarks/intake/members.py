"""The members of a federation around one aggregator: authority, coordinator and clients."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import grpc
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from pfi.aggregator.v1 import round_service_pb2 as rounds
from pfi.aggregator.v1 import ticket_pb2, update_service_pb2
from pfi.aggregator.v1.round_service_pb2_grpc import RoundServiceStub
from pfi_aggregator.domain.adapter import AdapterReference
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.server_optimizer import Sgd
from pfi_aggregator.wire.plans import write_plan
from pfi_common.clock import SystemClock
from pfi_common.identity import (
    CertificateAuthority,
    StatementSigner,
    generate_key,
    key_to_pem,
    load_identity,
    save_identity,
    save_signer,
)
from pfi_common.rpc.options import channel_arguments
from pfi_common.tensors import Schema, Tensor, plan_fixed_point
from pfi_common.tensors.encoding import EncodingValue

SPOOL = "spool-0"
RUN = "r-0000000001"
HOSTS = ("localhost", "127.0.0.1")
CALL_SECONDS = 10.0
DAY = timedelta(days=1)
RANK = 16
LAYER = "base_model.model.model.layers.0.self_attn.q_proj"
BASE_DIGEST = "00" * 32
LARGEST_COHORT = 1000


class Members:
    """Whoever an aggregator talks to.

    Args:
        folder: Where identities are kept.
        coordinates: Of an update; a multiple of 32.
    """

    def __init__(self, folder: Path, coordinates: int) -> None:
        self.schema = one_module(coordinates)
        self.base_digest = BASE_DIGEST
        self._folder = folder
        self._authority = CertificateAuthority.create(folder / "authority", "bench", SystemClock())
        self._save("coordinator", lambda key: self._service(key, "coordinator"))
        self._save("state/identity", lambda key: self._service(key, f"aggregator/{SPOOL}"))
        save_signer(folder / "state" / "identity", *self._signing(f"aggregator/{SPOOL}"))
        self._signer = StatementSigner(*self._signing("coordinator"))

    def upload(self, client: str, number: int, payload: bytes, encoding: EncodingValue) -> str:
        """Makes the header of a client's upload in a round, as base64; enrols the client first."""
        self._save(client, lambda key: self._authority.issue_client(key, client, DAY))
        header = update_service_pb2.UpdateHeader(
            ticket=self._signer.sign(self._ticket(client, number, len(payload), encoding)),
            encoding=encoding,
            payload_bytes=len(payload),
            payload_sha256=hashlib.sha256(payload).hexdigest(),
            example_count=1,
            steps_done=1,
            base_digest=self.base_digest,
        )
        return base64.b64encode(header.SerializeToString()).decode()

    def open(self, target: str, number: int) -> None:
        """Opens a round."""
        plan = write_plan(self._plan(number))
        with self._channel(target) as channel:
            request = rounds.OpenRoundRequest(leader_token=1, plan=plan)
            _stub(channel).OpenRound(request, timeout=CALL_SECONDS)

    def let_go(self, target: str, number: int) -> None:
        """Aborts and settles a round: its updates are deleted."""
        key = write_plan(self._plan(number)).key
        with self._channel(target) as channel:
            stub = _stub(channel)
            stub.AbortRound(rounds.AbortRoundRequest(leader_token=1, key=key), timeout=CALL_SECONDS)
            stub.SettleRound(
                rounds.SettleRoundRequest(leader_token=1, key=key), timeout=CALL_SECONDS
            )

    def _plan(self, number: int) -> RoundPlan:
        base = AdapterReference(self.base_digest, self.schema.digest, RUN, "global", number - 1)
        return RoundPlan(
            key=RoundKey(RUN, number, 1, "global"),
            schema=self.schema,
            base=base,
            fixed_point=plan_fixed_point(10.0, LARGEST_COHORT, 10),
            clip_norm=0.0,
            minimum_updates=1,
            server_optimizer=Sgd(1.0, 0.0),
            optimizer_state_digest="" if number == 1 else BASE_DIGEST,
        )

    def _ticket(
        self, client: str, number: int, payload_bytes: int, encoding: EncodingValue
    ) -> ticket_pb2.UploadTicket:
        ticket = ticket_pb2.UploadTicket(
            run=RUN,
            round=number,
            attempt=1,
            line="global",
            task=f"{RUN}.{number}.1.{client}",
            client=client,
            key_sha256=load_identity(self._folder / client).key_sha256,
            schema_digest=self.schema.digest,
            base_digest=self.base_digest,
            spool=SPOOL,
            encoding=encoding,
            maximum_bytes=payload_bytes,
            maximum_examples=10,
        )
        ticket.expiry_time.FromDatetime(datetime.now(UTC) + timedelta(hours=1))
        return ticket

    def _service(self, key: EllipticCurvePublicKey, service: str) -> Certificate:
        return self._authority.issue_service(key, service, HOSTS, DAY)

    def _signing(self, service: str) -> tuple[Ed25519PrivateKey, Certificate]:
        key = Ed25519PrivateKey.generate()
        return key, self._authority.issue_signer(key.public_key(), service, DAY)

    def _save(self, name: str, issue: Callable[[EllipticCurvePublicKey], Certificate]) -> None:
        folder, key = self._folder / name, generate_key()
        if folder.exists():
            return
        authority_pem = self._authority.certificate_pem
        chain_pem = issue(key.public_key()).public_bytes(Encoding.PEM) + authority_pem
        save_identity(
            folder,
            key_pem=key_to_pem(key),
            certificate_chain_pem=chain_pem,
            authority_pem=authority_pem,
        )

    def _channel(self, target: str) -> grpc.Channel:
        identity = load_identity(self._folder / "coordinator")
        credentials = grpc.ssl_channel_credentials(
            identity.authority_pem, identity.key_pem, identity.certificate_chain_pem
        )
        options = [*channel_arguments(), ("grpc.enable_http_proxy", 0)]
        return grpc.secure_channel(target, credentials, options)


def one_module(coordinates: int) -> Schema:
    """The schema of an adapter of one module; coordinates are a multiple of 32."""
    side = coordinates // (2 * RANK)
    tensors = (
        Tensor(f"{LAYER}.lora_A.weight", (RANK, side)),
        Tensor(f"{LAYER}.lora_B.weight", (side, RANK)),
    )
    return Schema(tensors=tensors, rank=RANK, alpha=2 * RANK, target_modules=("q_proj",))


def _stub(channel: grpc.Channel) -> RoundServiceStub:
    # The generated types know channels of asyncio alone; the stub takes both.
    return RoundServiceStub(cast("grpc.aio.Channel", channel))
