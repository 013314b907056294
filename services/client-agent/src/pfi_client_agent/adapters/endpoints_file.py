"""The file that says where the federation is reached."""

from dataclasses import asdict
from pathlib import Path

from pfi_client_agent.adapters.durable_files import read_json, write_json
from pfi_client_agent.domain.federation import Endpoints
from pfi_common.errors import NotEnrolledError


def save_endpoints(path: Path, endpoints: Endpoints) -> None:
    """Write the endpoints durably."""
    write_json(path, asdict(endpoints))


def load_endpoints(path: Path) -> Endpoints:
    """Read the endpoints.

    Raises:
        NotEnrolledError: The file is missing or damaged.
    """
    known = read_json(path) or {}
    # Agents that knew one replica of the coordinator named no others.
    lists = {name: tuple(known.get(name, ())) for name in ("coordinators", "enrolments")}
    try:
        return Endpoints(**{**known, **lists})
    except TypeError as error:
        raise NotEnrolledError(f"{path} is missing or damaged") from error
