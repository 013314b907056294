"""Answers with torch. Imported when it is needed, not before."""
