"""What is kept of runs and tasks: evaluations and the journal."""

import json
from collections.abc import Mapping
from typing import Any

from pfi_client_agent.adapters.durable_files import full_disk_translated, write_json
from pfi_client_agent.adapters.state_folder import StateFolder, safe_name


class RunNotes:
    """Small JSON files about runs.

    Args:
        folder: The agent's state folder.
    """

    def __init__(self, folder: StateFolder) -> None:
        self._folder = folder

    def save_evaluation(self, run: str, document: Mapping[str, Any]) -> None:
        """Keep the outcome of an evaluation."""
        write_json(self._folder.evaluations / f"{safe_name(run)}.json", document)

    def write_journal(self, entry: Mapping[str, Any]) -> None:
        """Add a finished task to the journal."""
        self._folder.journal.parent.mkdir(parents=True, exist_ok=True)
        with full_disk_translated(), self._folder.journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def journal(self) -> list[dict[str, Any]]:
        """Read the journal; a line that a crash cut off is left out."""
        try:
            lines = self._folder.journal.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [entry for line in lines if isinstance(entry := _parse(line), dict)]


def _parse(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
