"""Learning results: one folder each, with its configuration, what was measured, and a page."""
