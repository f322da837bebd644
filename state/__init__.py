"""SQL: what is known, and what was seen. The only room that knows SQLAlchemy."""
