"""Everything that the service can do, as both of its APIs use it."""

from dataclasses import dataclass

from pfi_rag.application.add_document import AddDocument
from pfi_rag.application.delete_document import DeleteDocument
from pfi_rag.application.forget_documents import ForgetDocuments
from pfi_rag.application.get_index import GetIndex
from pfi_rag.application.list_documents import ListDocuments
from pfi_rag.application.search_passages import SearchPassages


@dataclass(frozen=True)
class UseCases:
    """The use cases."""

    add: AddDocument
    search: SearchPassages
    list_documents: ListDocuments
    delete: DeleteDocument
    forget: ForgetDocuments
    index: GetIndex
