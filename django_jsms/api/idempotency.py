"""``Idempotency-Key``: the same request again has the same answer, and spends nothing."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from ..services import client_ip, idempotency

F = TypeVar("F", bound=Callable[..., Any])
_HEADER = "Idempotency-Key"


def once(method: F) -> F:
    """For a view's method that spends. Without the header it runs as it is."""

    @functools.wraps(method)
    def keyed(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(_HEADER)
        if key is None:
            return method(view, request, *args, **kwargs)
        fingerprint = _fingerprint(request)
        claim = idempotency.Claim(_scope(request, fingerprint), key, fingerprint)
        stored = claim.begin()
        if stored is not None:
            return Response(stored["body"], status=stored["status"])
        return _first(claim, view, lambda: method(view, request, *args, **kwargs))

    return keyed  # type: ignore[return-value]


def _first(claim: idempotency.Claim, view: Any, run: Callable[[], Response]) -> Response:
    """What surely did nothing frees the key; what may have sent keeps it, and so does a crash."""
    nothing_happened = False
    try:
        response = run()
    except Exception as error:
        nothing_happened = not getattr(error, "maybe_sent", False)
        response = view.handle_exception(error)  # raises what is a fault of the program: the key stays
    if nothing_happened:
        claim.release()
    else:
        claim.finish({"status": response.status_code, "body": response.data})
    return response


def _scope(request: Request, fingerprint: str) -> str:
    """Keys of one person are no one else's. Callers without a known address share the very same request at most."""
    if request.user and request.user.is_authenticated:
        return f"user:{request.user.pk}"
    origin = client_ip(request) or fingerprint
    return f"anon:{hashlib.sha256(origin.encode()).hexdigest()[:32]}"


def _fingerprint(request: Request) -> str:
    payload = json.dumps(request.data, sort_keys=True, default=_digest)
    return hashlib.sha256(f"{request.method} {request.get_full_path()} {payload}".encode()).hexdigest()


def _digest(file: Any) -> str:
    """What a file of a form holds; its name alone would make every second list the first one again."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")
    file.seek(0)
    return digest.hexdigest()
