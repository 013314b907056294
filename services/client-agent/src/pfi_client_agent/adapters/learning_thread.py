"""The one thread that all learning runs in."""

from pfi_client_agent.adapters.owning_thread import OwningThread
from pfi_client_agent.application.ports import Learner


class LearningThread(OwningThread[Learner]):
    """Runs work on a learner, one piece after the other."""

    name = "learning"
