"""Windfall beside the pipeline that people build today, on one machine with equal servers: `python -m bench`."""
