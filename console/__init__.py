"""The people's side: command line, pages and API; and what starts all processes on one machine."""
