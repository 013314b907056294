"""The API of this state folder: the one that runs, or one in a thread of this process."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from rich.console import Console

from pfi_client_agent.adapters.serving_folder import ServingFolder
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.serving.passport import Passport
from pfi_client_agent.bootstrap_serving import ServingOptions
from pfi_client_agent.entrypoints.answers_api.server import AnswersServer
from pfi_client_agent.entrypoints.answers_process import Api as AnsweringApi
from pfi_client_agent.entrypoints.chat_terminal.client import Api
from pfi_client_agent.entrypoints.console_observer import ConsoleObserver
from pfi_client_agent.entrypoints.serving_console import ServingSilence
from pfi_client_agent.entrypoints.serving_options import DEFAULT_ADDRESS
from pfi_common.clock import SystemClock
from pfi_common.rpc.channel import secure_channel


def running_api(folder: StateFolder) -> Api | None:
    """Give the API that another process has for this state folder; None where there is none."""
    serving = ServingFolder(folder)
    url = serving.endpoint()
    if url is None:
        return None
    api = Api(url, serving.token())
    return api if api.answers() else None


@contextmanager
def own_api(folder: StateFolder, options: ServingOptions) -> Iterator[Api]:
    """Run an API of this process for the length of the block; no other process looks for it.

    Raises:
        PlatformError: It cannot be started.
    """
    server = AnswersServer(DEFAULT_ADDRESS)
    with _ApiThread(AnsweringApi(folder, server, options, ServingSilence()), folder):
        yield Api(server.url, ServingFolder(folder).token())


class _ApiThread:
    """Runs an API on an event loop of its own; a context that begins when it can answer."""

    def __init__(self, api: AnsweringApi, folder: StateFolder) -> None:
        self._api = api
        self._folder = folder
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="answers-api")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._changed = threading.Event()

    def __enter__(self) -> None:
        running = self._executor.submit(lambda: asyncio.run(self._answer()))
        running.add_done_callback(lambda _: self._changed.set())
        try:
            self._changed.wait()
            if running.done():
                running.result()
        except BaseException:
            self._end()
            raise

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._executor.shutdown()

    async def _answer(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        observer = ConsoleObserver(Console(stderr=True))
        passport = Passport(self._folder, SystemClock(), secure_channel, observer)
        await self._api.answer(passport.current, self._stop, self._changed.set)
