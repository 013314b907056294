"""Values and rules of the coordinator: the round machine, selection, enrolment. Pure."""
