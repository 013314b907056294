"""How the admin API words what HTTP itself refuses."""

from pfi_common.rest.problems import Problems

PROBLEMS = Problems(
    {
        404: "there is no such route",
        405: "the route does not have this method",
        413: "the body is too large",
    },
    challenge="Bearer",
)
