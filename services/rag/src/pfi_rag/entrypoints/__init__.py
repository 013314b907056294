"""Entry points: translation only."""
