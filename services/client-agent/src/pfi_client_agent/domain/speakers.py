"""Parts a plain text by who speaks: blocks that begin with a line `NAME:`."""

import re

from pfi_client_agent.domain.text_blocks import paragraphs, text_blocks

MAXIMUM_NAME_CHARACTERS = 40
# A name begins with a capital and fills the first line of a block: a title or a sentence with a
# colon in it is no name, and neither is a line within a speech that ends in one.
_HEADER = re.compile(
    rf"(?P<name>[^\W\d_a-z][^:\n]{{0,{MAXIMUM_NAME_CHARACTERS - 1}}}):[ \t]*(?:\n|$)"
)


def speakers(text: str) -> dict[str, list[str]]:
    """Give every speaker's speeches, in the order of the text.

    Blank lines part blocks. A block without a name goes on with the speech before it; what stands
    before the first name belongs to nobody and is left out. Long speeches are cut as paragraphs of
    a plain text are.

    Args:
        text: Any text; line ends may be those of Unix, Windows or old Macs.

    Returns:
        Speeches by name, without the names in them; no speech is blank. Names come in the order of
        their first speech. Empty when nobody speaks.
    """
    found: dict[str, list[str]] = {}
    name = None
    for block in paragraphs(text):
        header = _HEADER.match(block)
        if header is not None:
            name = header["name"].strip()
        if name is not None:
            speeches = list(text_blocks(block[header.end() if header else 0 :]))
            if speeches:
                found.setdefault(name, []).extend(speeches)
    return found
