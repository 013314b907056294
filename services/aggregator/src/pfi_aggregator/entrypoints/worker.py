"""The Celery worker. Imports no grpc: a process that forks must not hold its threads."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from celery import Celery, signals

from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger

EXPORT_QUEUE = "pfi.export"
EXPORT_TASK = "pfi.export_adapter"
CLUSTER_QUEUE = "pfi.cluster"
PARTITION_TASK = "pfi.partition_clients"
REDUCE_TASK = "pfi.reduce_piece"
_VISIBILITY_SECONDS = 600
_CHILD_STARTS_SECONDS = 120.0

Job = Callable[[dict[str, object]], None]
"""Does one task from its arguments; failures are logged, not raised."""


@dataclass(frozen=True)
class Jobs:
    """What the worker can do.

    Attributes:
        export_adapter: Writes an adapter as a PEFT folder.
        partition_clients: Groups the clients of a probe round.
        reduce_piece: Reduces a piece of a sealed round.
    """

    export_adapter: Job
    partition_clients: Job
    reduce_piece: Job


def create_worker(
    broker_url: str, build: Callable[[], Jobs], on_change: Callable[[bool], None]
) -> Celery:
    """Makes the Celery application.

    Args:
        broker_url: Redis; there is no result backend, results are artifacts.
        build: Makes the jobs and what they need. Called in the child, after the fork: an artifact
            store that was made before hangs in it.
        on_change: Told in the parent when it begins (True) and ends (False) to consume.
    """
    app = Celery("pfi_aggregator", broker=broker_url, set_as_current=False)
    app.conf.update(_configuration())
    built: list[Jobs] = []

    def build_jobs(**_: object) -> None:
        try:
            built.append(build())
        finally:
            if not built:
                # celery would swallow the error and give tasks to a child that has no jobs
                get_logger().error(Event.WORKER_FAILED, error=_current_error())
                os._exit(1)

    def ready(**_: object) -> None:
        on_change(True)

    def shutting_down(**_: object) -> None:
        on_change(False)

    # celery keeps weak references otherwise, and these functions have no other
    signals.worker_process_init.connect(build_jobs, weak=False)
    signals.worker_ready.connect(ready, weak=False)
    signals.worker_shutting_down.connect(shutting_down, weak=False)

    @app.task(name=EXPORT_TASK, ignore_result=True)  # type: ignore[untyped-decorator]
    def export_adapter(**arguments: object) -> None:
        built[-1].export_adapter(arguments)

    @app.task(name=PARTITION_TASK, ignore_result=True)  # type: ignore[untyped-decorator]
    def partition_clients(**arguments: object) -> None:
        built[-1].partition_clients(arguments)

    @app.task(name=REDUCE_TASK, ignore_result=True)  # type: ignore[untyped-decorator]
    def reduce_piece(**arguments: object) -> None:
        built[-1].reduce_piece(arguments)

    return app


def spool_queue(spool: str) -> str:
    """Names the queue of work that needs a spool's files."""
    return f"pfi.spool.{spool}"


def _current_error() -> Exception | None:
    error = sys.exception()
    return error if isinstance(error, Exception) else None


def run_worker(app: Celery, spools: Sequence[str]) -> None:
    """Works until SIGTERM, then ends the running task first.

    Args:
        app: The Celery application.
        spools: Spools whose files this worker can read; none for work that needs no spool.
    """
    queues = [EXPORT_QUEUE, CLUSTER_QUEUE, *map(spool_queue, spools)]
    options = ["worker", "--pool=prefork", "--concurrency=1", f"--queues={','.join(queues)}"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING"]
    app.worker_main([*options, *quiet])


def _configuration() -> dict[str, object]:
    return {
        "accept_content": ["json"],
        "task_serializer": "json",
        "task_default_queue": EXPORT_QUEUE,
        # a killed worker's task comes back; every job may run twice
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "worker_prefetch_multiplier": 1,
        # a child that follows a killed one may need long to import SciPy on a busy machine; celery
        # would kill it after 4 seconds, and the next one, for ever
        "worker_proc_alive_timeout": _CHILD_STARTS_SECONDS,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_send_task_events": False,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"visibility_timeout": _VISIBILITY_SECONDS},
    }
