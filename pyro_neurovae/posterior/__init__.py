"""What one fit says: draws, tables, checks and the file that keeps them."""
