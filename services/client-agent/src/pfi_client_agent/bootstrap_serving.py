"""Puts together what answers on this device."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pfi_client_agent.adapters.adapter_cache import AdapterCache
from pfi_client_agent.adapters.answering_thread import AnsweringThread
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.personal_store import PersonalStore
from pfi_client_agent.adapters.serving_folder import ServingFolder
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.ports import AnswerEngine
from pfi_client_agent.application.serving.answers import Answers
from pfi_client_agent.application.serving.following import (
    CurrentMembership,
    Follower,
    FollowerPlace,
)
from pfi_client_agent.application.serving.observer import ServingObserver
from pfi_client_agent.application.serving.retrieval import Retrieval, SearchLink
from pfi_client_agent.application.serving.serving import Serving
from pfi_client_agent.application.serving.state import ServingState
from pfi_client_agent.application.serving.turns import Turns
from pfi_common.identity import load_identity


@dataclass(frozen=True)
class ServingOptions:
    """How this device answers.

    Attributes:
        backbone: Folder that is used for every backbone; None: what runs name.
        threads: Threads of one operation.
        run: Id or name of the run whose adapter answers; empty: the coordinator chooses.
        backbone_only: True: no adapter answers, and the federation is not asked.
        rag_address: host:port of a running index service; None: this device's own.
        rag_certificate: What that service's certificate is verified against.
        poll_seconds: How often to ask for a newer adapter.
        waiting_limit: So many requests may wait.
    """

    backbone: Path | None = None
    threads: int = 1
    run: str = ""
    backbone_only: bool = False
    rag_address: str | None = None
    rag_certificate: Path | None = None
    poll_seconds: float = 5.0
    waiting_limit: int = 8


def build_serving(
    folder: StateFolder,
    options: ServingOptions,
    membership: CurrentMembership,
    observer: ServingObserver,
) -> Serving:
    """Build what answers; the engine's thread starts at once.

    Args:
        folder: The state folder.
        options: How this device answers.
        membership: Who this device is.
        observer: Is told what happens.
    """
    thread = AnsweringThread(lambda: build_engine(folder, options))
    state = ServingState()
    serving_folder = ServingFolder(folder)
    place = FollowerPlace(
        membership=membership,
        folder=serving_folder,
        caches=(AdapterCache(serving_folder.adapters), AdapterCache(folder.adapter_cache)),
        personals=PersonalStore(folder.personal),
        thread=thread,
        state=state,
        observer=observer,
    )
    follower = Follower(place, options.run, options.poll_seconds)
    retrieval = build_retrieval(folder, options)
    answers = Answers(thread, state, retrieval, Turns(options.waiting_limit))
    return Serving(
        answers=answers,
        follower=None if options.backbone_only else follower,
        chosen_backbone=options.backbone is not None,
        observer=observer,
    )


def build_engine(folder: StateFolder, options: ServingOptions) -> AnswerEngine:
    """Import torch and make the engine; takes seconds."""
    from pfi_client_agent.adapters.serving.engine import TorchAnswerEngine

    return TorchAnswerEngine(DigestCache(folder.digests), options.backbone, threads=options.threads)


def build_retrieval(folder: StateFolder, options: ServingOptions) -> Retrieval:
    """Build the search in the user's documents; the service is started when it is needed."""

    @asynccontextmanager
    async def open_link() -> AsyncIterator[SearchLink]:
        from pfi_client_agent.adapters.rag_sidecar import open_retrieval

        identity = load_identity(folder.identity)
        async with open_retrieval(
            folder, identity, options.rag_address, options.rag_certificate
        ) as link:
            yield link

    def available() -> bool:
        # Made when the first document is added.
        return options.rag_address is not None or (folder.root / "rag").is_dir()

    return Retrieval(open_link, available)
