"""The client agents of a demo, as processes of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pfi_cli.local.child_process import ChildProcess, Command
from pfi_cli.local.federation_file import write_atomically
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.programs import program_path
from pfi_cli.settings import inherited_environment


@dataclass(frozen=True)
class AgentPlan:
    """How to run one agent.

    Attributes:
        name: Its display name, its folder and its log.
        data: Its rows.
        token: A join token.
        serve: Whether it answers questions, too.
    """

    name: str
    data: Path
    token: str
    serve: bool


class Agents:
    """Starts, watches and ends agents; they use one thread each.

    Its methods belong to the main thread, as those of `LocalFederation` do.
    """

    def __init__(self, layout: StateLayout, plans: Sequence[AgentPlan]) -> None:
        """Describes the agents.

        Args:
            layout: Where their folders and logs lie.
            plans: One for each.
        """
        self._processes = [
            ChildProcess(_command(layout, plan, inherited_environment())) for plan in plans
        ]

    def start(self) -> None:
        """Starts all of them."""
        for process in self._processes:
            process.start()

    def check(self) -> None:
        """Looks whether all still run.

        Raises:
            LocalFederationFailedError: One has ended; the end of its log says why.
        """
        for process in self._processes:
            if not process.running:
                raise process.failure()

    def stop(self) -> None:
        """Ends all of them, at the same time."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.stop()


def _command(layout: StateLayout, plan: AgentPlan, environment: dict[str, str]) -> Command:
    token_file = layout.root / "tokens" / plan.name  # a file: the list of processes is public
    write_atomically(token_file, plan.token, mode=0o600)
    arguments = [str(program_path("pfi-agent")), "start"]
    arguments += ["--state", str(layout.agents / plan.name), "--data", str(plan.data)]
    arguments += ["--name", plan.name, "--token", f"@{token_file}", "--threads", "1"]
    if plan.serve:
        arguments += ["--serve", "127.0.0.1:0"]
    return Command(plan.name, arguments, environment, layout.log(plan.name))
