"""The vocabulary of the house: events, payloads, errors. Pure: no clock, no network, no database."""
