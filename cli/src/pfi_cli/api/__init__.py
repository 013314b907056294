"""A typed client of the admin REST API."""
