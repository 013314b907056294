"""Answering from its start to its end."""

import asyncio
from dataclasses import dataclass

from pfi_client_agent.application.ports import AnswerEngine
from pfi_client_agent.application.serving.answers import Answers
from pfi_client_agent.application.serving.following import Follower
from pfi_client_agent.application.serving.observer import ServingObserver
from pfi_client_agent.domain.serving import AdapterSet


@dataclass(frozen=True)
class Serving:
    """What answers on this device.

    Attributes:
        answers: Gives the answers.
        follower: Keeps them at the newest adapter; None: the backbone answers alone.
        chosen_backbone: True when the owner named a backbone, which is then loaded at the start.
        observer: Is told what happens.
    """

    answers: Answers
    follower: Follower | None
    chosen_backbone: bool
    observer: ServingObserver

    async def begin(self) -> None:
        """Load what is known: the backbone, and the last adapter. No connection is needed.

        Raises:
            PlatformError: The backbone that the owner chose cannot be used.
        """
        thread, state = self.answers.thread, self.answers.state
        if self.follower is None:
            alone = AdapterSet(personal_left_out="the backbone answers alone")
            await thread.run(lambda engine: state.install(engine, alone, None))
            self.observer.adapter_changed(alone)
            return
        if self.chosen_backbone:
            await thread.run(_load)
        await self.follower.restore()

    async def look(self) -> None:
        """Ask the federation once for something newer."""
        if self.follower is not None:
            await self.follower.step()

    async def follow(self) -> None:
        """Ask the federation again and again, until this is cancelled."""
        if self.follower is None:
            await asyncio.Event().wait()
        else:
            await self.follower.run()

    async def close(self) -> None:
        """End the thread and the connection to the index."""
        await self.answers.retrieval.close()
        await asyncio.to_thread(self.answers.thread.close)


def _load(engine: AnswerEngine) -> None:
    engine.load(None)
