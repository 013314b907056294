"""The last words of the demo."""

from pathlib import Path

from rich.markup import escape

from pfi_cli.demo.driver.options import DemoOptions
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.programs import typed_name
from pfi_cli.output.console import stdout
from pfi_cli.report.terminal import print_report
from pfi_cli.report.write import WrittenReport


def print_end(options: DemoOptions, layout: StateLayout, written: WrittenReport) -> None:
    """Prints the report, where everything lies, and what to try next."""
    console = stdout()
    print_report(written.report, console)
    console.print()
    for heading, path in _places(layout, written):
        console.print(f"{heading:<16} [bold]{escape(str(path))}[/]", soft_wrap=True)
    console.print("\nTry next:")
    for command, meaning in _suggestions(options, layout):
        console.print(f"  [bold]{escape(command)}[/]", soft_wrap=True)
        console.print(f"      [dim]{escape(meaning)}[/]", soft_wrap=True)


def _places(layout: StateLayout, written: WrittenReport) -> list[tuple[str, Path]]:
    return [
        ("report", written.folder / "report.md"),
        ("plots", written.folder),
        ("shared adapter", layout.root / "adapter"),
        ("specification", layout.root / "spec.yaml"),
        ("artifacts", layout.artifacts),
    ]


def _suggestions(options: DemoOptions, layout: StateLayout) -> list[tuple[str, str]]:
    pfi, state = typed_name("pfi"), f"--state {layout.root}"
    ways = [
        (f"{pfi} report demo {state}", "computes this report again from what is stored"),
        (f"{pfi} demo --data notes.jsonl", "your own rows, dealt out to the clients"),
        (f"{pfi} demo --clients 6 --rounds 6", "more of both"),
        (f"{pfi} up --detach {state}", f"runs this federation on; `{pfi} down {state}` stops it"),
    ]
    if options.keep:
        ways[-1] = (f"{pfi} client list {state}", "who takes part, from another terminal")
    return ways
