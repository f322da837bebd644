"""What happens to an event, and what is owed afterwards."""
