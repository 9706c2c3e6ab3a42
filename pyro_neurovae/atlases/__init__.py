"""The names of regions, and the spellings under which other tools know them."""
