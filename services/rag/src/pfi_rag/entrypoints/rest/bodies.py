"""Bodies that the API takes. Unknown fields are refused."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from pfi_rag.domain.query import SearchFilter

_MAXIMUM_DOCUMENTS = 100


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DocumentBody(_Body):
    """A document."""

    name: str
    """Name within the index; a document of the same name is replaced"""
    text: str
    """The content"""
    media_type: str = ""
    """text/plain, text/markdown, text/html or text/x-source; empty: told by name and content"""
    labels: dict[str, str] = {}
    """Labels to filter by"""


class DocumentsBody(_Body):
    """Documents to add."""

    documents: Annotated[list[DocumentBody], Field(min_length=1, max_length=_MAXIMUM_DOCUMENTS)]
    """The documents"""


class FilterBody(_Body):
    """Narrows a search; a document must satisfy all that is set."""

    documents: list[str] = []
    """One of these document ids"""
    name_prefix: str = ""
    """Name begins with this"""
    media_types: list[str] = []
    """One of these media types"""
    labels: dict[str, str] = {}
    """Has each of these labels"""
    added_after_time: AwareDatetime | None = None
    """Added at or after this time"""

    def to_filter(self) -> SearchFilter:
        """Gives the filter."""
        after: datetime | None = self.added_after_time
        return SearchFilter(
            documents=frozenset(self.documents),
            name_prefix=self.name_prefix,
            media_types=frozenset(self.media_types),
            labels=dict(self.labels),
            added_after=after,
        )


class SearchBody(_Body):
    """A search."""

    query: str
    """What to look for"""
    limit: int = 0
    """Most passages wanted, 1 to 50; 0 for 4"""
    filter: FilterBody = FilterBody()
    """Where to look"""


class ForgetBody(_Body):
    """Documents to erase."""

    documents: list[str] = []
    """Document ids"""
    everything: bool = False
    """True, and no id, for the whole index"""
