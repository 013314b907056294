"""The `pfi` command in the test's own process."""

from typer.testing import CliRunner

from pfi_cli.main import app


def pfi(*arguments):
    """Run a command on a wide terminal."""
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(a) for a in arguments])
