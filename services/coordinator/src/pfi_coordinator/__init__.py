"""PFI coordinator: enrolment, runs, rounds, tasks and the admin API."""
