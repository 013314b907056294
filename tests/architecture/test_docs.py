"""Documents lead somewhere: links resolve, pages are reachable, commands exist."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from tests.architecture.tree import REPOSITORY, short
from tools.reference.commands import all_commands

from pfi_common.spec import parse_run_spec

DOCUMENTS = sorted(
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("protos/*.md")]
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"")
COMMANDS = {command.name: command for command in all_commands()}
PROGRAMS = {name.split()[0] for name in COMMANDS}


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """Anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", without_code(document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", item.lower()).replace(" ", "-") for item in headings}


def internal_links(document: Path) -> list[str]:
    text = without_code(document.read_text())
    pictures = [first or second for first, second in PICTURE.findall(text)]
    return [link for link in LINK.findall(text) + pictures if not re.match(r"[a-z]+:", link)]


def target(document: Path, link: str) -> Path:
    name = link.partition("#")[0]
    return (document.parent / name).resolve() if name else document


@pytest.mark.parametrize("document", DOCUMENTS, ids=short)
def test_links_resolve(document):
    broken = []
    for link in internal_links(document):
        file = target(document, link)
        anchor = link.partition("#")[2]
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reachable_from_the_readme():
    reached, queue = set(), [REPOSITORY / "README.md"]
    while queue:
        document = queue.pop()
        if document in reached or document.suffix != ".md" or not document.is_file():
            continue
        reached.add(document)
        queue += [target(document, link) for link in internal_links(document)]
    assert [short(document) for document in DOCUMENTS if document not in reached] == []


def shell_lines(document: Path) -> list[list[str]]:
    """Words of every command in the document's shell blocks."""
    blocks = re.findall(
        r"^```(?:sh|bash|shell)\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE
    )
    joined = "".join(blocks).replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in joined.splitlines() if line.strip()]


def program_of(words: list[str]) -> tuple[str, list[str]]:
    """The program and its arguments, without environment variables and the environment's folder."""
    rest = [word for word in words if not re.match(r"[A-Z_]+=", word)] if words else []
    return (Path(rest[0]).name, rest[1:]) if rest else ("", [])


def unknown_options(program: str, arguments: list[str]) -> list[str]:
    """Options and subcommands that the program does not have."""
    name, rest = program, list(arguments)
    while rest and f"{name} {rest[0]}" in COMMANDS:
        name = f"{name} {rest.pop(0)}"
    if COMMANDS[name].children and "--help" not in rest:
        return [f"{name} {' '.join(rest[:1])}: no such command"]
    known = {option for item in COMMANDS[name].options for option in item.names} | {"--help"}
    given = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    return [f"{name} {option}" for option in sorted(given - known)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=short)
def test_commands_in_shell_blocks_exist(document):
    makefile = (REPOSITORY / "Makefile").read_text()
    wrong = []
    for words in shell_lines(document):
        program, arguments = program_of(words)
        if program == "make":
            targets = [word for word in arguments if "=" not in word]
            wrong += [f"make {name}" for name in targets if f"\n{name}:" not in makefile]
        elif program in PROGRAMS:
            wrong += unknown_options(program, arguments)
    assert wrong == []


def run_specifications(document: Path) -> list[dict]:
    """Examples of run specifications in the document."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)
    read = [yaml.safe_load(block) for block in blocks]
    return [item for item in read if isinstance(item, dict) and {"name", "backbone"} <= set(item)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=short)
def test_run_specifications_are_valid(document):
    for specification in run_specifications(document):
        parse_run_spec(specification)
