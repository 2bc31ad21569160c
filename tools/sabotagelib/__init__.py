"""The parts of tools/sabotage: patches, the copy they are applied to, the search, the table."""
