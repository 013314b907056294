"""The report as pictures (PNG). Matplotlib is imported only when something is drawn."""

from pathlib import Path

from pfi_cli.report.figures import Report


def draw_plots(report: Report, folder: Path) -> list[Path]:
    """Draws all plots of a report into a folder; gives the files."""
    from pfi_cli.report.plots.bytes_per_round import bytes_per_round
    from pfi_cli.report.plots.loss_by_round import loss_by_round
    from pfi_cli.report.plots.loss_per_client import loss_per_client
    from pfi_cli.report.plots.round_time import round_time

    drawn = {
        "loss_per_client.png": loss_per_client(report),
        "loss_by_round.png": loss_by_round(report),
        "bytes_per_round.png": bytes_per_round(report),
        "round_time.png": round_time(report),
    }
    for name, picture in drawn.items():
        picture.save(folder / name)
    return [folder / name for name in drawn]
