"""Outbound HTTP and mail, one file per service. The only room that knows HTTP libraries."""
