"""One of the worker processes that take callbacks: ``python -m bench.callback_site FD DATABASE JSMS``, as JSON."""

from __future__ import annotations

import json
import socket
import sys

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from werkzeug.serving import make_server

from django_jsms.sandbox.serving import Handler  # keeps connections, as a web server in front would

from .project import set_up


def main(number: str, database: str, jsms: str) -> None:
    set_up(json.loads(database))
    settings.JSMS = json.loads(jsms)
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]  # it writes the length of an answer
    listening = socket.socket(fileno=int(number))
    host, port = listening.getsockname()
    application = get_wsgi_application()
    make_server(host, port, application, threaded=True, request_handler=Handler, fd=listening.fileno()).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
