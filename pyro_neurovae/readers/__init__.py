"""Text tables and surfaces, each read into one typed record."""
