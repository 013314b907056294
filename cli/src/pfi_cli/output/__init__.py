"""What people and programs see: tables, progress, errors."""
