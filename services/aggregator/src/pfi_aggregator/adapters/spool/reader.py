"""A spool's rounds, read from a process that does not own the spool."""

from contextlib import AbstractContextManager

from pfi.aggregator.v1 import round_service_pb2
from pfi_aggregator.adapters.durable import storage_failures
from pfi_aggregator.adapters.spool.layout import PLAN, SEALED, SpoolLayout
from pfi_aggregator.adapters.spool.record_file import open_committed
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.application.ports import StoredUpdate
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate
from pfi_aggregator.wire.lineages import read_counted
from pfi_aggregator.wire.parsing import parse
from pfi_aggregator.wire.plans import read_plan
from pfi_common.errors import RoundUnknownError


class SpoolReader:
    """Reads sealed rounds. Takes no lock and writes nothing; blocks.

    It is not told when a round settles, so it keeps no round's key.
    """

    def __init__(self, layout: SpoolLayout, keys: RoundKeys) -> None:
        self._layout = layout
        self._keys = keys

    def plan(self, key: RoundKey) -> RoundPlan:
        """Gives the plan that a round was opened with.

        Raises:
            RoundUnknownError: it was never opened here, or is settled.
        """
        return read_plan(parse(round_service_pb2.RoundPlan, self._read(key, PLAN)))

    def counted(self, key: RoundKey) -> tuple[CountedUpdate, ...]:
        """Gives a round's counted set, sorted by task.

        Raises:
            RoundUnknownError: it was never sealed here, or is settled.
        """
        message = parse(round_service_pb2.SealRoundResponse, self._read(key, SEALED))
        return tuple(read_counted(update) for update in message.counted)

    def read(self, key: RoundKey, task: str) -> AbstractContextManager[StoredUpdate]:
        """Opens a committed update, as `Rounds.read`.

        Raises:
            ArtifactCorruptError: the file is gone, cut or unreadable.
            SpoolKeyInvalidError: the round's key is gone, as after it has settled.
        """
        return open_committed(self._layout.round(key) / task, self._keys.read(key))

    def _read(self, key: RoundKey, name: str) -> bytes:
        with storage_failures():
            try:
                return (self._layout.round(key) / name).read_bytes()
            except FileNotFoundError as error:
                raise RoundUnknownError from error
