"""Which adapters messages name, and in which form."""

from pfi.common.v1.adapter_pb2 import AdapterForm, AdapterReference
from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.domain.wanted_adapter import WantedAdapter
from pfi_common.errors import AdapterInvalidError


def wanted_base(task: Task, coordinate_count: int) -> WantedAdapter:
    """Give the adapter that a task starts from or evaluates.

    Raises what `wanted_adapter` raises.
    """
    form = task.base_form if task.HasField("base_form") else None
    return wanted_adapter(task.base, form, coordinate_count)


def wanted_adapter(
    reference: AdapterReference, form: AdapterForm | None, coordinate_count: int
) -> WantedAdapter:
    """Give an adapter in the form that a message names; without one, the canonical payload.

    Raises:
        AdapterInvalidError: The form is not of so many coordinates.
        EncodingMismatchError: The form has an encoding that is not known here.
    """
    if form is None:
        return WantedAdapter(reference.digest, coordinate_count)
    wanted = WantedAdapter(reference.digest, coordinate_count, form.encoding, form.payload_sha256)
    if form.payload_bytes != wanted.payload_bytes:
        raise AdapterInvalidError(
            f"The adapter's form has {form.payload_bytes} bytes; its schema needs "
            f"{wanted.payload_bytes}."
        )
    return wanted
