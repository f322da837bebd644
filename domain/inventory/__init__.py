"""What devices answer about themselves, read into columns: pure, one file for each family of answers."""
