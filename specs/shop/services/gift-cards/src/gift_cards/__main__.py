import os

import waitress

from . import answer


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return ["ok\n".encode() if environ["PATH_INFO"] == "/healthz" else answer(environ["PATH_INFO"]).encode()]


waitress.serve(app, port=int(os.environ["PORT"]))
