"""The history of the tables, one file a step, oldest first. Applied by state.migrate."""
