"""The read side for people: lists a page at a time, and one item by its id, ready to be written as JSON."""

from sqlalchemy import Engine

__all__ = ["Engine"]
