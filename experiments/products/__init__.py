"""Products of factors beside each other: what they lose, with one rank and with several."""
