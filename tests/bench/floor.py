"""The homeserver's own floor: the same requests, sent straight at it by the plainest client there is. One thread a slot,
kept-alive connections, nothing decided in between."""

import concurrent.futures
import http.client
import http.server
import json
import pathlib
import secrets
import sys
import threading
import time
import urllib.parse

from rollcall_lab import settings

SLOTS = 8                                   # as many requests in flight as the daemon has
CLIENT = "/_matrix/client/v3"


def quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


class Straight:
    """An appservice's token, a connection a thread. Everything is done as `user` unless another one is named."""

    def __init__(self, token: str, user: str):
        self.token, self.user = token, user
        self._local = threading.local()

    def call(self, method: str, path: str, body: dict | None = None, as_user: str = "") -> dict:
        if not hasattr(self._local, "connection"):
            self._local.connection = http.client.HTTPConnection(settings.CORP.client_address, settings.CORP.client_port)
        connection = self._local.connection
        path += ("&" if "?" in path else "?") + "user_id=" + quoted(as_user or self.user)
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data,
                           {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:200]!r}")
        return json.loads(text)

    def room(self, **options) -> str:
        return self.call("POST", f"{CLIENT}/createRoom", {"preset": "private_chat", **options})["room_id"]

    def member(self, room: str, user: str, membership: str, as_user: str = "") -> None:
        self.call("PUT", f"{CLIENT}/rooms/{quoted(room)}/state/m.room.member/{quoted(user)}",
                  {"membership": membership}, as_user)

    def kick(self, room: str, user: str) -> None:
        self.call("POST", f"{CLIENT}/rooms/{quoted(room)}/kick", {"user_id": user})

    def state(self, room: str, kind: str, content: dict) -> None:
        self.call("PUT", f"{CLIENT}/rooms/{quoted(room)}/state/{kind}", content)

    def membership(self, room: str, user: str) -> dict:
        """The whole event that says it."""
        return self.call("GET", f"{CLIENT}/rooms/{quoted(room)}/state/m.room.member/{quoted(user)}?format=event")

    def newest(self, room: str) -> list:
        return self.call("GET", f"{CLIENT}/rooms/{quoted(room)}/messages?dir=b&limit=30")["chunk"]


def at_once(tasks) -> float:
    """Runs the tasks with SLOTS of them in flight; the seconds that it took."""
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(SLOTS) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()
    return time.monotonic() - start


def bare_loop(straight: Straight, address: tuple) -> None:
    """An appservice that answers a transaction in which an outsider joins with the kick, and knows nothing else."""

    def joins(event: dict) -> bool:
        return (event["type"] == "m.room.member" and event["content"]["membership"] == "join"
                and event["state_key"].endswith(settings.PARTNER.name))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for event in filter(joins, body["events"]):
                try:
                    straight.kick(event["room_id"], event["state_key"])
                except Exception as error:      # unanswered, the homeserver would wait longer from try to try
                    print(f"the bare loop's kick: {error}", file=sys.stderr, flush=True)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(address, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def registration(folder: pathlib.Path, name: str, url: str | None, users: str, exclusive: bool) -> tuple:
    """A registration of its own for the floor: its file, and its token."""
    token = secrets.token_hex(16)
    namespaces = {"users": [{"exclusive": exclusive, "regex": users}], "aliases": [], "rooms": []}
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({"id": name, "url": url, "as_token": token, "hs_token": secrets.token_hex(16),
                                "sender_localpart": f"_{name}_sender", "rate_limited": False,
                                "namespaces": namespaces}))
    return path, token
