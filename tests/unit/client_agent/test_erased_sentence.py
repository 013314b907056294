import pytest

from pfi.rag.v1.retrieval_service_pb2 import ForgetDocumentsResponse
from pfi_client_agent.entrypoints.documents.erasing import erased_sentence


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "Erased 1 document (1 passage); 1 passage was kept."),
        (2, "Erased 2 documents (2 passages); 2 passages were kept."),
    ],
)
def test_what_was_erased_is_told_in_the_right_number(count, told):
    report = ForgetDocumentsResponse(
        documents=count, passages=count, kept_passages=count, searched_files=9
    )
    first, second = erased_sentence(report).splitlines()
    assert first == told
    assert second == "Their text was found in 0 of 9 files of the index."
