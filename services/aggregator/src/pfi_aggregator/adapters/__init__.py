"""One class per port and technology."""
