"""What a coordinator asks of the job that groups clients, as JSON arguments."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from pfi_aggregator.domain.partition_request import PartitionName, PartitionRequest
from pfi_common.errors import InvalidRequestError, PartitionFailedError

_FLOAT_BYTES = 4


class _Arguments(BaseModel):
    """All arguments; unknown and missing ones are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    run: str
    digest: str
    clients: list[str]
    sketches: str
    count: int | None
    maximum_count: int
    minimum_size: int
    minimum_silhouette: float
    seed: int


def read_partition_name(arguments: Mapping[str, object]) -> PartitionName:
    """Reads where the answer belongs.

    Raises:
        InvalidRequestError: the arguments do not say so.
    """
    run, digest = arguments.get("run"), arguments.get("digest")
    if not (isinstance(run, str) and isinstance(digest, str)):
        raise InvalidRequestError("The task's arguments are not those of a partition.")
    return PartitionName(run, digest)


def read_partition_request(arguments: Mapping[str, object]) -> PartitionRequest:
    """Reads what is asked.

    Raises:
        PartitionFailedError: an argument breaks its rule, or they are not what the digest names.
    """
    try:
        read = _Arguments.model_validate(dict(arguments))
    except ValidationError as error:
        names = ", ".join(sorted({str(finding["loc"][0]) for finding in error.errors()}))
        raise PartitionFailedError(f"Arguments of the partition are wrong: {names}.") from error
    if read.digest != request_digest(arguments):
        raise PartitionFailedError("The arguments are not those that their digest names.")
    return PartitionRequest(
        clients=tuple(read.clients),
        sketches=_read_sketches(read.sketches, len(read.clients)),
        count=read.count,
        maximum_count=read.maximum_count,
        minimum_size=read.minimum_size,
        minimum_silhouette=read.minimum_silhouette,
        seed=read.seed,
    )


def request_digest(arguments: Mapping[str, object]) -> str:
    """Gives the SHA-256 of the canonical JSON of all arguments but `digest`."""
    asked = {name: value for name, value in arguments.items() if name != "digest"}
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _read_sketches(text: str, clients: int) -> NDArray[np.float32]:
    """Reads base64 of float32, little-endian, one row after the other.

    Shapes: (clients, dimensions).
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PartitionFailedError("The sketches are not base64.") from error
    if not clients or len(data) % (_FLOAT_BYTES * clients):
        raise PartitionFailedError("The sketches are not one row of numbers for each client.")
    return np.frombuffer(data, dtype="<f4").reshape(clients, -1)
