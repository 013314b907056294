"""How much memory a specification's training takes on a device."""
