"""Where its servers are, from the environment, as twelve-factor apps do it."""

import os

BROKER_URL = os.environ["TEXTBOOK_BROKER_URL"]
DATABASE_URL = os.environ["TEXTBOOK_DATABASE_URL"]
TOKEN = os.environ["TEXTBOOK_TOKEN"].encode()
