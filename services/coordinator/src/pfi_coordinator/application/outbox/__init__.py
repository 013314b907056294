"""What each effect of the round machine does in the world."""
