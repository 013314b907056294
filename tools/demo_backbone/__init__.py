"""Trains and evaluates the small backbone that the demo ships."""
