"""Planted groups of clients: does a federation find them, and what does each client gain?"""
