"""Between the generated messages and the domain's values; used by entrypoints and adapters."""
