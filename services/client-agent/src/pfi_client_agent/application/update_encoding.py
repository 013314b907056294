"""Encodes a task's update; with error feedback, what was lost before is added first.

Sources: Seide et al. 2014, "1-Bit Stochastic Gradient Descent and its Application to Data-Parallel
Distributed Training of Speech DNNs"; Karimireddy et al. 2019, "Error Feedback Fixes SignSGD and
other Gradient Compression Schemes", algorithm 2, with the change of a round as its gradient step.
"""

from dataclasses import dataclass, replace

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.task_facts import key_of, recipe_of
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.encoded_update import EncodedUpdate, encode_update
from pfi_client_agent.domain.training import Vector


@dataclass(frozen=True)
class UpdateEncoding:
    """How one task's update becomes bytes.

    Attributes:
        task: The task.
        place: Keeps what encodings lose.
    """

    task: Task
    place: Workplace

    def encode(self, delta: Vector) -> EncodedUpdate:
        """Encode a change; with error feedback, what is lost is on disk when this returns.

        Shapes: (n,).

        Raises:
            PayloadNotFiniteError: A coordinate is NaN or infinite.
            DiskFullError: No space is left.
        """
        train = self.task.train
        if not train.error_feedback:
            # An earlier attempt of the round may have been asked for another encoding.
            self.place.residuals.drop(key_of(self.task))
            return encode_update(train.upload_encoding, delta, self.task.seed)
        carried = self._carried()
        update = delta if carried is None else delta + carried
        encoded = encode_update(train.upload_encoding, update, seed=None)
        schema_digest = recipe_of(self.task).schema_digest
        self.place.residuals.save(key_of(self.task), schema_digest, encoded.lost)
        return encoded

    def _carried(self) -> Vector | None:
        """Give what the encoding lost of this device's last counted update."""
        counted_round = self.task.train.counted_round
        if not counted_round:
            return None
        key = replace(key_of(self.task), round=counted_round)
        carried = self.place.residuals.find(key, recipe_of(self.task).schema_digest)
        if carried is None:
            self.place.observer.residual_missing(self.task)
        return carried
