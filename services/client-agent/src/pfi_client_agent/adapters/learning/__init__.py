"""Everything that uses torch, transformers and peft. Imported when it is needed, not before."""
