"""The pipeline that people build today, done well: gunicorn, Flask, `task.delay(payload)`, a Celery worker, SQLAlchemy.

It reads the same events and leaves the same in SQL as ours does: each event once, by its id, with its body.
"""
