"""Contracts and libraries that every service of PFI shares."""
