"""Numbers that follow from a specification and a description, to show before anything runs."""

from __future__ import annotations

from dataclasses import dataclass

from pfi_common.spec.compile import download_encoding, upload_encoding
from pfi_common.spec.description import Description
from pfi_common.spec.memory_need import estimated_need
from pfi_common.spec.presets import PRESETS
from pfi_common.spec.ranks import client_schema
from pfi_common.spec.run_spec import RunSpec
from pfi_common.spec.soundness import fixed_point_of
from pfi_common.tensors import FP32, encoded_size_bytes

_FULL_BYTES_PER_PARAMETER = 4


@dataclass(frozen=True)
class RunFacts:
    """What a run will take and how it computes.

    Attributes:
        paper: Publication of the preset; None without one.
        selected_clients: Clients selected for a round.
        coordinate_count: Numbers in the shared adapter.
        adapter_share: Coordinates per parameter of the backbone.
        fraction_bits: k of the fixed-point merge.
        resolution: 2^-k, the step of a coordinate.
        rows_per_step: Rows that one optimiser step sees.
        upload_encoding: Encoding that the run asks updates to have.
        download_encoding: Form of adapters that clients download.
        upload_bytes_per_client: Payload of one update; of the largest, with several ranks.
        upload_bytes_per_round: Payload of all selected clients' updates.
        download_bytes_per_client: Payload of the shared adapter as clients download it.
        download_bytes_per_round: Payload of all selected clients' downloads.
        transfer_bytes_per_run: Up and down, all rounds.
        full_upload_bytes_per_client: What an update of every parameter would be, in float32.
        memory_float32_bytes: Memory that a client's training takes by the stated estimate, with
            weights in float32; None when the description does not tell the backbone's sizes.
        memory_bfloat16_bytes: The same with weights in bfloat16.
    """

    paper: str | None
    selected_clients: int
    coordinate_count: int
    adapter_share: float
    fraction_bits: int
    resolution: float
    rows_per_step: int
    upload_encoding: str
    download_encoding: str
    upload_bytes_per_client: int
    upload_bytes_per_round: int
    download_bytes_per_client: int
    download_bytes_per_round: int
    transfer_bytes_per_run: int
    full_upload_bytes_per_client: int
    memory_float32_bytes: int | None
    memory_bfloat16_bytes: int | None


def run_facts(spec: RunSpec, description: Description) -> RunFacts:
    """Computes the facts of a run.

    Raises:
        SchemaMismatchError: the description is of another adapter.
    """
    description.require_fits(spec)
    count = description.adapter_schema.coordinate_count
    fixed_point = fixed_point_of(spec)
    clients = spec.selected_count
    trained = client_schema(spec, description.adapter_schema, "").coordinate_count
    upload = encoded_size_bytes(upload_encoding(spec), trained)
    download = encoded_size_bytes(download_encoding(spec) or FP32, count)
    need = None if description.sizes is None else estimated_need(spec, description)
    return RunFacts(
        paper=PRESETS[spec.preset].paper if spec.preset else None,
        selected_clients=clients,
        coordinate_count=count,
        adapter_share=count / description.parameter_count,
        fraction_bits=fixed_point.fraction_bits,
        resolution=fixed_point.resolution,
        rows_per_step=spec.local.batch_size * spec.local.gradient_accumulation,
        upload_encoding=spec.encoding.upload,
        download_encoding=spec.encoding.download,
        upload_bytes_per_client=upload,
        upload_bytes_per_round=upload * clients,
        download_bytes_per_client=download,
        download_bytes_per_round=download * clients,
        transfer_bytes_per_run=(upload + download) * clients * spec.stop.rounds,
        full_upload_bytes_per_client=description.parameter_count * _FULL_BYTES_PER_PARAMETER,
        memory_float32_bytes=None if need is None else need.float32_bytes,
        memory_bfloat16_bytes=None if need is None else need.bfloat16_bytes,
    )
