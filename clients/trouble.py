"""What went wrong on the wire, from under the errors that libraries wrap it in."""

from http.client import HTTPException
from smtplib import SMTPException

from requests import RequestException
from urllib3.exceptions import HTTPError

from clients.answers import showable


def beneath(exc: BaseException) -> OSError | HTTPException | None:
    """The socket's, TLS's or the protocol's own error; None when the library found fault by itself.

    It quotes neither URLs nor headers, as the errors around it do.
    """
    inner: BaseException | None = exc
    while inner is not None:
        wraps = isinstance(inner, RequestException | HTTPError | SMTPException)
        if isinstance(inner, OSError | HTTPException) and not wraps:
            return inner
        inner = inner.__cause__ or inner.__context__
    return None


def reason(exc: BaseException) -> str:
    """Why, in few words, none of them secret."""
    inner = beneath(exc)
    if isinstance(inner, TimeoutError):
        return "timed out"
    for words in ("verify_message", "reason", "strerror"):  # the first two are TLS's
        text = getattr(inner, words, None)
        if isinstance(text, str) and text:
            return showable(text)
    return type(inner or exc).__name__
