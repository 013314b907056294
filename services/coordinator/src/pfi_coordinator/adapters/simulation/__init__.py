"""Files of simulations: assumptions are read, reports are written."""
