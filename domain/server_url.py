"""Which server a URL means, however people wrote it."""

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def same_server(url: str) -> str:
    """The same text for all URLs of one server, and for those of no other; without credentials.

    What is no URL means no server that could be another's.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return url.rpartition("@")[2]
    return f"{parts.scheme}://{parts.hostname or ''}:{port}{parts.path.rstrip('/')}"
