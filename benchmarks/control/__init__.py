"""Agents that only talk: sessions with a real coordinator, over mutual TLS and on a real Redis."""
