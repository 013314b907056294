"""The admin REST API of the coordinator."""
