"""Tells a person at a terminal what happens while answering."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from pfi_client_agent.application.serving.observer import ServingObserver
from pfi_client_agent.domain.serving import AdapterSet, Refusal
from pfi_common.errors import PlatformError


class ServingConsole(ServingObserver):
    """Writes sentences; see `observer.ServingObserver`.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console

    def ready(self, url: str) -> None:
        """Say where the API is, and how to ask."""
        self._say(f"Answers at {url}/v1 (model `pfi`; the token: pfi-agent api-token).")

    def adapter_changed(self, adapters: AdapterSet) -> None:
        """Say what answers."""
        self._say(f"Answering with {adapter_sentence(adapters.document(personal=True))}.")

    def adapter_refused(self, refusal: Refusal) -> None:
        """Say what does not answer, and why."""
        adapter = refusal.adapter
        self._say(
            f"Version {adapter['version']} of {adapter['run_name'] or adapter['run']} is not used: "
            f"{refusal.error.message}",
            style="yellow",
        )

    def federation_unreachable(self, error: PlatformError, delay_seconds: float) -> None:
        """Say why the newest adapter is not known."""
        self._say(
            f"Newest adapter not known: {error.message} Again in {delay_seconds:.0f} s.",
            style="yellow",
        )

    def answered(self, adapter: Mapping[str, Any], tokens: int, seconds: float) -> None:
        """Say how long it took."""
        self._say(f"Answered with {adapter_sentence(adapter)}: {tokens} tokens, {seconds:.1f} s.")

    def answer_failed(self, error: PlatformError) -> None:
        """Say why there was no answer."""
        self._say(f"Not answered: {error.message}", style="red")

    def _say(self, sentence: str, style: str = "") -> None:
        self._console.print(sentence, style=style, markup=False, highlight=False)


class ServingSilence(ServingObserver):
    """Says nothing: at `pfi-agent chat` each answer tells what gave it."""

    def ready(self, url: str) -> None:
        """Say nothing."""

    def adapter_changed(self, adapters: AdapterSet) -> None:
        """Say nothing."""

    def adapter_refused(self, refusal: Refusal) -> None:
        """Say nothing."""

    def federation_unreachable(self, error: PlatformError, delay_seconds: float) -> None:
        """Say nothing."""

    def answered(self, adapter: Mapping[str, Any], tokens: int, seconds: float) -> None:
        """Say nothing."""

    def answer_failed(self, error: PlatformError) -> None:
        """Say nothing."""


def adapter_sentence(adapter: Mapping[str, Any]) -> str:
    """Name the adapters that answer, as an answer's metadata describes them."""
    if adapter["run"] is None:
        return "the backbone alone"
    name = adapter["run_name"] or adapter["run"]
    personal = " and your personal adapter" if adapter["personal"] else ""
    return f"{name} ({adapter['run']}), {adapter['line']} version {adapter['version']}{personal}"
