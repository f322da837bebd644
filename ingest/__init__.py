"""The front door: checks the secret, stores the event, answers. Nothing else happens here."""
