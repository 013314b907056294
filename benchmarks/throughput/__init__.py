"""Rounds without training: synthetic clients around real services, and Flower beside them."""
