"""A short text to a chat or mail gateway, by HTTPS POST of ``{"text": …}``, the form that most of them take."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import Final
from urllib.parse import urlsplit

import msgspec

from edi.model.errors import AccessError, SettingsError, TemporaryError
from edi.transport.base import RetryPolicy, with_retries

_TIMEOUT: Final = 20
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Nobody but who was named is told: the answer that leads elsewhere is an error."""

    def redirect_request(self, *_: object) -> None:
        """No request at all."""


_STRAIGHT: Final = urllib.request.build_opener(_NoRedirect)


def _allowed(url: str) -> bool:
    """Whether it is https, or http to this machine, and no control character or blank is in it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host.encode("idna")
    except ValueError:
        return False
    if not host or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def post(url: str, text: str, policy: RetryPolicy | None = None) -> None:
    """Post a text; again after what may pass.

    Args:
        url: where to; https, or http to this machine. It often holds a secret, and is in no error.
        text: no PHI.
        policy: attempts and waits.

    Raises:
        SettingsError: not such a URL.
        AccessError: the other side refuses (401, 403), does not know the address (404, 410), or leads elsewhere (3xx).
        TemporaryError: it cannot be reached, or fails, to the end.
    """
    if not _allowed(url):
        raise SettingsError("the webhook is not an https address")
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at
        url,
        data=msgspec.json.encode({"text": text}),
        headers={"Content-Type": "application/json"},
        method="POST",
    )

    def once() -> None:
        try:
            with _STRAIGHT.open(request, timeout=_TIMEOUT):
                pass
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (401, 403, 404, 410) or 300 <= error.code < 400:
                raise AccessError(f"the webhook refuses: HTTP {error.code}") from None
            raise TemporaryError(f"the webhook failed: HTTP {error.code}") from None
        except (OSError, http.client.HTTPException) as error:
            raise TemporaryError(f"the webhook cannot be reached: {type(error).__name__}") from None

    with_retries(once, policy or RetryPolicy())
