"""How the REST API words what HTTP itself refuses."""

from pfi_common.rest.problems import Problems

PROBLEMS = Problems(
    {
        404: "there is no such route",
        405: "the route does not have this method",
        408: "the body came too slowly; send it again, or add documents over gRPC",
        413: "the body is too large; add large or many documents over gRPC"
        " (`pfi-agent documents add`)",
        415: "send application/json or multipart/form-data",
    },
    otherwise="the request cannot be read",
)
