"""Values that tests of the coordinator start from."""

from datetime import UTC, datetime

from pfi_common.spec import Description, RunSpec, parse_description, parse_run_spec
from pfi_common.tensors import Schema, Tensor
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.members import Client, Session
from pfi_coordinator.domain.rules import RunRules

NOW = datetime(2040, 11, 1, 12, 0, tzinfo=UTC)
"""In the future, because Redis forgets tokens by its own clock."""
RUN = "r-0123456789"
SCHEMA = Schema(
    tensors=(
        Tensor("model.layers.0.q_proj.lora_A.weight", (2, 8)),
        Tensor("model.layers.0.q_proj.lora_B.weight", (8, 2)),
    ),
    rank=2,
    alpha=4,
    target_modules=("q_proj",),
)


def client_id(index: int) -> str:
    return f"c-{index:012x}"


def spec_document(**changes) -> dict:
    document = {
        "name": "assistants",
        "backbone": {"model": "tiny"},
        "adapter": {"rank": 2, "alpha": 4, "target_modules": ["q_proj"]},
        "cohort": {"size": 3, "minimum": 2, "deadline": "10m"},
        "stop": {"rounds": 2},
        "seed": 7,
    }
    return document | changes


def description_document() -> dict:
    return {
        "backbone_digest": "b" * 64,
        "adapter_schema": SCHEMA.as_document(),
        "parameter_count": 1000,
    }


def spec(**changes) -> RunSpec:
    return parse_run_spec(spec_document(**changes))


def description() -> Description:
    return parse_description(description_document())


def document(run: str = RUN, created_at: datetime = NOW, **changes) -> RunDocument:
    parsed = spec(**changes)
    return RunDocument(run, parsed.name, created_at, "spool-0", parsed, description())


def rules(**changes) -> RunRules:
    values = {
        "rounds": 2,
        "selected_count": 3,
        "size": 3,
        "minimum": 2,
        "deadline_seconds": 600.0,
        "seed": 7,
        "encoding": "fp32",
    }
    return RunRules(**(values | changes))


def client(index: int = 1, **changes) -> Client:
    values = {
        "client": client_id(index),
        "display_name": f"Client {index}",
        "key_sha256": f"{index:064x}",
        "public_key_der": b"key",
        "enrolled_at": NOW,
    }
    return Client(**(values | changes))


def session(index: int = 1, **changes) -> Session:
    values = {
        "client": client_id(index),
        "session": f"s-{index}",
        "replica": "replica-0",
        "ready": True,
        "training_rows": 10,
        "encodings": ("fp32", "bf16"),
    }
    return Session(**(values | changes))
