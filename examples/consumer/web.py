"""GET /state, /ids, /offset and /healthz, served by a daemon thread."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from settings import etc_hostname


def make_handler(state):
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self):  # noqa: N802 (the name is http.server's)
            path = self.path.split("?")[0]
            if path == "/state":
                self._answer(200, dict(state.snapshot(), hostname=etc_hostname()))
            elif path == "/ids":
                self._answer(200, state.ids())
            elif path == "/offset":
                self._answer(200, state.offset)
            elif path == "/healthz":
                self._answer(200 if state.ready else 503, {"ready": state.ready})
            else:
                self._answer(404, {"error": "not found"})

        def _answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def serve(state, port):
    server = Server(("0.0.0.0", port), make_handler(state))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
