"""Celery's side: the app, its tasks, the beat table, and what a worker process holds."""
