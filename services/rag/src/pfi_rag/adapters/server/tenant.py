"""One tenant's points in the shared collection: the only way in which the store reaches a server.

Every call is narrowed to the tenant here, whatever the caller asks for. Nothing takes a filter from
outside: conditions on a few known fields are what there is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qdrant_client import QdrantClient, models

from pfi_rag.adapters.server.failures import ServerFailures
from pfi_rag.domain.ownership import TENANT_FIELD, TenantFilter

DENSE, BM25 = "dense", "bm25"
"""Names of the vectors."""
_PAGE_POINTS = 500
_ALL_VALUES = 1_000_000

Conditions = Mapping[str, str | bool | Sequence[str]]
"""Payload fields, and what they must be or be one of."""


class TenantPoints:
    """Reads and writes the points of one tenant.

    Args:
        client: Connection to the server.
        collection: The shared collection.
        tenant: What every call is narrowed to.
    """

    def __init__(self, client: QdrantClient, collection: str, tenant: TenantFilter) -> None:
        self._client = client
        self._collection = collection
        self._tenant = tenant

    def upsert(self, points: Sequence[models.PointStruct]) -> None:
        """Writes points; they become the tenant's."""
        if points:
            owned = [self._owned(point) for point in points]
            with ServerFailures():
                self._client.upsert(self._collection, owned, wait=True)

    def write(self, *operations: models.UpdateOperation) -> None:
        """Makes changes in order, in one request; see `upserting`, `setting` and `deleting`."""
        with ServerFailures():
            self._client.batch_update_points(self._collection, list(operations), wait=True)

    def upserting(self, points: Sequence[models.PointStruct]) -> models.UpdateOperation:
        """Makes the change that writes points."""
        owned = models.PointsList(points=[self._owned(point) for point in points])
        return models.UpsertOperation(upsert=owned)

    def setting(
        self, payload: Mapping[str, Any], must: Conditions, must_not: Conditions | None = None
    ) -> models.UpdateOperation:
        """Makes the change that sets payload fields of the tenant's points that match."""
        if TENANT_FIELD in payload:
            raise ValueError("a point stays with its tenant")
        narrowed = self.filter(must, must_not)
        return models.SetPayloadOperation(
            set_payload=models.SetPayload(payload=dict(payload), filter=narrowed)
        )

    def deleting(
        self, must: Conditions, must_not: Conditions | None = None
    ) -> models.UpdateOperation:
        """Makes the change that deletes the tenant's points that match."""
        narrowed = models.FilterSelector(filter=self.filter(must, must_not))
        return models.DeleteOperation(delete=narrowed)

    def count(self, must: Conditions, must_not: Conditions | None = None) -> int:
        """Counts the tenant's points that match."""
        with ServerFailures():
            return self._client.count(
                self._collection, count_filter=self.filter(must, must_not), exact=True
            ).count

    def counts(self, field: str, must: Conditions) -> dict[str, int]:
        """Counts the tenant's points that match by the value of a field."""
        with ServerFailures():
            found = self._client.facet(
                self._collection,
                field,
                facet_filter=self.filter(must),
                limit=_ALL_VALUES,
                exact=True,
            )
        return {str(hit.value): hit.count for hit in found.hits}

    def scroll(
        self,
        must: Conditions,
        must_not: Conditions | None = None,
        *,
        vectors: Sequence[str] = (),
        page_points: int = _PAGE_POINTS,
    ) -> Iterator[list[models.Record]]:
        """Reads the tenant's points that match, some at a time."""
        offset = None
        while True:
            with ServerFailures():
                records, offset = self._client.scroll(
                    self._collection,
                    scroll_filter=self.filter(must, must_not),
                    limit=page_points,
                    offset=offset,
                    with_payload=True,
                    with_vectors=list(vectors) or False,
                )
            yield records
            if offset is None:
                return

    def rank(
        self, requests: Sequence[tuple[str, Any, float | None]], depth: int, must: Conditions
    ) -> list[list[models.ScoredPoint]]:
        """Ranks the tenant's points that match.

        Args:
            requests: Name of the vector, query vector and least score of each ranking.
            depth: Most points of each.
            must: Conditions.
        """
        asked = [self._ranking(*request, depth, must) for request in requests]
        with ServerFailures():
            answers = self._client.query_batch_points(self._collection, asked)
        return [answer.points for answer in answers]

    def filter(self, must: Conditions, must_not: Conditions | None = None) -> models.Filter:
        """Makes a filter of the tenant and these conditions."""
        return models.Filter(
            must=[self._of_tenant(), *_matches(must)], must_not=_matches(must_not or {}) or None
        )

    def _ranking(
        self, using: str, vector: object, least: float | None, depth: int, must: Conditions
    ) -> models.QueryRequest:
        # Word statistics of all tenants together would tell one what others write about.
        own_words = models.IdfCorpusParams(corpus=models.Filter(must=[self._of_tenant()]))
        return models.QueryRequest(
            query=vector,
            using=using,
            filter=self.filter(must),
            limit=depth,
            score_threshold=least,
            with_payload=True,
            params=models.SearchParams(idf=own_words) if using == BM25 else None,
        )

    def _owned(self, point: models.PointStruct) -> models.PointStruct:
        payload = {**(point.payload or {}), TENANT_FIELD: self._tenant.value}
        return models.PointStruct(id=point.id, vector=point.vector, payload=payload)

    def _of_tenant(self) -> models.FieldCondition:
        return models.FieldCondition(
            key=TENANT_FIELD, match=models.MatchValue(value=self._tenant.value)
        )


def _matches(conditions: Conditions) -> list[models.Condition]:
    return [
        models.FieldCondition(
            key=field,
            match=models.MatchValue(value=wanted)
            if isinstance(wanted, str | bool)
            else models.MatchAny(any=list(wanted)),
        )
        for field, wanted in conditions.items()
    ]
