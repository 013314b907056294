"""What the `pfi-agent` script calls."""

from pfi_common.settings import wait_directly


def main() -> None:
    """Runs the command line, in a process whose gRPC waits for calls directly."""
    wait_directly()  # before what follows imports gRPC
    from pfi_client_agent.entrypoints.main import main as run

    run()
