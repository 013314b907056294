"""Messages of a session, read and written."""

import math
from collections.abc import Iterable, Iterator, Mapping

from google.protobuf.duration_pb2 import Duration

from pfi.common.v1.metrics_pb2 import Metric, MetricName
from pfi.coordinator.v1 import session_service_pb2 as messages
from pfi.coordinator.v1.task_pb2 import Task
from pfi_common.errors import InvalidRequestError
from pfi_coordinator.application.deliver_inbox import Delivery
from pfi_coordinator.application.known_replicas import KnownReplicas
from pfi_coordinator.application.open_session import PROTOCOL, Hello
from pfi_coordinator.application.record_result import Outcome
from pfi_coordinator.domain.tasks import Notice
from pfi_coordinator.entrypoints.rpc.device_messages import read_device

_METRIC_PREFIX = "METRIC_NAME_"
_ABANDON_PREFIX = "ABANDON_REASON_"


def read_hello(request: messages.SessionRequest) -> Hello:
    """Reads the first message of a stream.

    Raises:
        InvalidRequestError: It is another one, or what it says of the device breaks a rule.
    """
    if request.WhichOneof("message") != "hello":
        raise InvalidRequestError("the first message of a session must be `hello`")
    hello = request.hello
    return Hello(
        agent_version=hello.agent_version,
        protocol_minimum=hello.protocol_minimum,
        protocol_maximum=hello.protocol_maximum,
        encodings=tuple(hello.upload_encodings),
        training_rows=hello.training_rows,
        ready=hello.ready,
        device_class=hello.device_class,
        kept_runs=tuple(hello.kept_runs),
        device=read_device(hello.device),
    )


def read_outcome(result: messages.TaskResult) -> Outcome:
    """Reads how a task ended.

    Raises:
        InvalidRequestError: A metric is unregistered, repeated or not finite, or a part is missing.
    """
    kind = result.WhichOneof("outcome")
    if kind == "completed":
        completed = result.completed
        receipt = b""
        if completed.HasField("receipt"):
            receipt = completed.receipt.SerializeToString(deterministic=True)
        metrics = read_metrics(completed.metrics)
        return Outcome(receipt=receipt, metrics=metrics, placed_line=completed.placed_line)
    if kind == "abandoned":
        names = messages.AbandonReason.DESCRIPTOR.values_by_number
        reason = names.get(result.abandoned.reason)
        if reason is None or reason.number == 0:
            raise InvalidRequestError("reason: unknown", field="reason")
        back = result.abandoned
        return Outcome(
            abandoned=reason.name.removeprefix(_ABANDON_PREFIX),
            needed_bytes=back.needed_bytes or None,
            available_bytes=back.available_bytes if back.needed_bytes else None,
        )
    raise InvalidRequestError("a result needs an outcome", field="outcome")


def read_metrics(metrics: Iterable[Metric]) -> Mapping[str, float]:
    """Reads registered metrics, by name in lower case.

    Raises:
        InvalidRequestError: One is unregistered, repeated or not finite.
    """
    found: dict[str, float] = {}
    registered = MetricName.DESCRIPTOR.values_by_number
    for metric in metrics:
        known = registered.get(metric.name)
        if known is None or known.number == 0:
            raise InvalidRequestError("metrics: a name is not registered", field="metrics")
        name = known.name.removeprefix(_METRIC_PREFIX).lower()
        if name in found or not math.isfinite(metric.value):
            raise InvalidRequestError(f"metrics: {name} is repeated or not finite", field="metrics")
        found[name] = metric.value
    return found


def welcome(
    client: str, replicas: KnownReplicas, ended_runs: Iterable[str]
) -> messages.SessionResponse:
    """Writes the answer to `hello`."""
    return messages.SessionResponse(
        welcome=messages.SessionWelcome(
            protocol=PROTOCOL,
            client=client,
            aggregators=replicas.endpoints.aggregators,
            ended_runs=ended_runs,
            coordinators=replicas.sessions,
            enrolments=replicas.enrolments,
            takes_device_reports=True,
        )
    )


def recorded(task: str) -> messages.SessionResponse:
    """Writes that a result is stored."""
    return messages.SessionResponse(result_recorded=messages.TaskResultRecorded(task=task))


def reconnect_after(seconds: float) -> messages.SessionResponse:
    """Writes when to come back."""
    delay = Duration()
    delay.FromMilliseconds(round(seconds * 1000))
    return messages.SessionResponse(reconnect_after=messages.ReconnectAfter(delay=delay))


def deliveries(delivery: Delivery) -> Iterator[messages.SessionResponse]:
    """Writes notices and tasks."""
    yield from map(_notice, delivery.notices)
    for task in delivery.tasks:
        yield messages.SessionResponse(task=Task.FromString(task))


def _notice(notice: Notice) -> messages.SessionResponse:
    if notice.cancelled_task:
        return messages.SessionResponse(
            task_cancelled=messages.TaskCancelled(task=notice.cancelled_task)
        )
    return messages.SessionResponse(
        round_settled=messages.RoundSettled(run=notice.settled_run, round=notice.settled_round)
    )
