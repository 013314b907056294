"""Members and tasks for uploads without a coordinator."""

from datetime import timedelta

from cryptography.hazmat.primitives.serialization import Encoding
from tests.support.coordinator.agent import Enrolled
from tests.support.coordinator.site import SPOOL, Site
from tests.support.coordinator.values import NOW, document

from pfi.coordinator.v1 import enrolment_service_pb2, task_pb2
from pfi_common.identity import (
    Identity,
    LocalIdentity,
    generate_key,
    key_sha256,
    key_to_pem,
    load_signer,
)
from pfi_coordinator.adapters.proto_tasks import ProtoTaskFactory
from pfi_coordinator.application.ports.aggregators import Attempt
from pfi_coordinator.domain.members import Client
from pfi_coordinator.domain.state import AdapterVersion


def identity_for(site: Site, client: str) -> Enrolled:
    """A client that the authority certified."""
    key = generate_key()
    certificate = site.authority.issue_client(key.public_key(), client, timedelta(hours=1))
    pem = certificate.public_bytes(Encoding.PEM)
    identity = LocalIdentity(
        Identity("test", "client", client), key_to_pem(key), pem, site.authority.certificate_pem
    )
    endpoints = enrolment_service_pb2.FederationEndpoints(
        aggregators={SPOOL: site.aggregator_address}
    )
    return Enrolled(identity, enrolment_service_pb2.EnrolClientResponse(endpoints=endpoints))


def task_for(
    site: Site, enrolled: Enrolled, base: AdapterVersion, attempt: Attempt
) -> task_pb2.Task:
    """A training task with a real ticket."""
    factory = ProtoTaskFactory(load_signer(site.folder / "coordinator" / "identity"))
    public_key = enrolled.identity.certificate.public_key()
    client = Client(
        client=enrolled.client,
        display_name="",
        key_sha256=key_sha256(public_key),
        public_key_der=b"",
        enrolled_at=NOW,
        training_rows=20,
    )
    assignment = factory.train_task(
        document(),
        base,
        client,
        number=attempt.number,
        attempt=attempt.attempt,
        deadline=NOW,
    )
    return task_pb2.Task.FromString(assignment.message)
