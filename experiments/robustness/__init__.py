"""Robust rules under attack: how many attackers does a federation survive, and with which rule?"""
