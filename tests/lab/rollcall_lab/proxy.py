"""Faults between the daemon and a server: stands in front of one, passes everything on, and misbehaves when told.

TcpProxy is for LDAPS (or anything): pass, refuse, black hole, cut. HttpProxy also understands requests: it answers
429 or 500 itself, delays, cuts a connection before or after the request was passed on or in the middle of the
answer, and counts. Both listen on a port of the system's choosing and are driven from the test that made them.
"""

import http.client
import http.server
import json
import re
import socket
import struct
import threading
import time
import dataclasses

CLOSE_BY_RESET = struct.pack("ii", 1, 0)


def _reset(connection: socket.socket) -> None:
    """Ends a connection so that the other side sees a reset, not an orderly end."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_BY_RESET)
        connection.shutdown(socket.SHUT_RD)      # wakes a thread that reads from it
    except OSError:
        pass
    connection.close()


class _Listener:
    """Takes connections, a thread each, until told to refuse them."""

    def __init__(self, address: str, port: int = 0):
        self.address = address
        self.port = port
        self._lock = threading.Lock()
        self._open: set = set()
        self._socket = None
        self.connections = 0               # how many were taken
        self._listen()

    def _listen(self) -> None:
        listening = socket.create_server((self.address, self.port), backlog=128)
        self.port = listening.getsockname()[1]
        self._socket = listening
        threading.Thread(target=self._take, args=(listening,), daemon=True).start()

    def _take(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, peer = listening.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._handle, args=(connection, peer), daemon=True).start()

    def _handle(self, connection: socket.socket, peer) -> None:
        try:
            self._serve(connection, peer)
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def _serve(self, connection: socket.socket, peer) -> None:
        raise NotImplementedError

    def refuse(self) -> None:
        """New connections are refused, as by a server that does not run; those that are open end."""
        listening, self._socket = self._socket, None
        if listening:
            listening.shutdown(socket.SHUT_RDWR)
            listening.close()
        self.cut()

    def accept(self) -> None:
        """Takes connections again, on the same port."""
        if not self._socket:
            self._listen()

    def cut(self) -> None:
        """Ends all open connections with a reset; new ones are taken."""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            _reset(connection)

    def close(self) -> None:
        self.refuse()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class TcpProxy(_Listener):
    """Bytes to a server and back. `black_hole` stops them without closing anything, as a lost network does."""

    def __init__(self, target_address: str, target_port: int, address: str = "127.0.0.1", port: int = 0):
        self.target = (target_address, target_port)
        self._flows = threading.Event()
        self._flows.set()
        super().__init__(address, port)

    def black_hole(self) -> None:
        """Connections are taken and stay open, and nothing passes in either direction."""
        self._flows.clear()

    def pass_on(self) -> None:
        """Everything is well again; what was held back is delivered."""
        self._flows.set()
        self.accept()

    def _serve(self, connection: socket.socket, peer) -> None:
        self._flows.wait()
        with socket.create_connection(self.target, timeout=10) as server:
            server.settimeout(None)
            back = threading.Thread(target=self._copy, args=(server, connection), daemon=True)
            back.start()
            self._copy(connection, server)
            back.join()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while block := source.recv(65536):
                self._flows.wait()
                target.sendall(block)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@dataclasses.dataclass
class Fault:
    """What to do with the requests that match, in place of passing them on."""

    method: str                     # regular expression over the whole method
    path: str                       # regular expression, found anywhere in the path (without the query)
    status: int = 0                 # answer this instead of asking the server
    body: dict | None = None
    page: str = ""                  # … with this text, as something else than the server would answer
    delay: float = 0                # seconds before anything else is done
    cut: str = ""                   # before | after | middle: of what the server is asked and answers; belated: the
                                    # client is cut off at once, and the server is asked after the delay
    raw: bytes | None = None        # answer 200 with exactly this
    passed_on: bool = False         # … after the server was asked
    times: int = -1                 # how often; -1 for ever
    seen: int = 0                   # how often it happened

    def matches(self, method: str, path: str) -> bool:
        return self.seen != self.times and bool(re.fullmatch(self.method, method) and re.search(self.path, path))


@dataclasses.dataclass
class Request:
    """One that came by."""

    at: float                       # time.monotonic()
    method: str
    path: str                       # without the query
    query: str
    status: int = 0                 # what the client got; 0 when nothing, or not all of it


class HttpProxy(_Listener):
    """Requests to a homeserver (or from one to an appservice); `url` is what the daemon is told."""

    def __init__(self, target_url: str, address: str = "127.0.0.1", port: int = 0):
        host, _, target_port = target_url.removeprefix("http://").rstrip("/").partition(":")
        self.target = (host, int(target_port or 80))
        self.requests: list = []
        self.edit = None                 # (method, path, body) → the body that is passed on; None: as it came
        self._faults: list = []
        super().__init__(address, port)

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}"

    def fault(self, method: str, path: str, **what) -> Fault:
        """The first fault that matches a request is what happens to it."""
        fault = Fault(method, path, **what)
        with self._lock:
            self._faults.append(fault)
        return fault

    def too_many(self, method: str, path: str, retry_after_ms: int, times: int = -1) -> Fault:
        return self.fault(method, path, status=429, times=times, body={
            "errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": retry_after_ms})

    def broken(self, method: str, path: str, status: int = 502, times: int = -1) -> Fault:
        return self.fault(method, path, status=status, times=times,
                          body={"errcode": "M_UNKNOWN", "error": "Internal server error"})

    def garbled(self, method: str, path: str, times: int = 1, status: int = 200,
                page: str = "<html><body>Maintenance</body></html>") -> Fault:
        """What stands between answers in the server's place, with something that is no answer of Matrix."""
        return self.fault(method, path, status=status, page=page, times=times)

    def answered_with(self, method: str, path: str, raw: bytes, passed_on: bool = False, times: int = 1) -> Fault:
        """Says 200, and not what the server says; it was asked all the same, or not."""
        return self.fault(method, path, raw=raw, passed_on=passed_on, times=times)

    def delayed(self, method: str, path: str, seconds: float, times: int = -1) -> Fault:
        return self.fault(method, path, delay=seconds, times=times)

    def cut_when(self, when: str, method: str, path: str, times: int = 1) -> Fault:
        """`before` it is passed on, `after` the server has done it, or in the `middle` of its answer."""
        return self.fault(method, path, cut=when, times=times)

    def belated(self, method: str, path: str, seconds: float, times: int = 1) -> Fault:
        """The client loses its connection; what it asked for is done all the same, this much later."""
        return self.fault(method, path, cut="belated", delay=seconds, times=times)

    def well(self) -> None:
        """Forgets all faults and takes connections."""
        with self._lock:
            self._faults.clear()
        self.edit = None
        self.accept()

    def count(self, method: str = ".*", path: str = "") -> int:
        """How many such requests came by."""
        with self._lock:
            return sum(1 for request in self.requests
                       if re.fullmatch(method, request.method) and re.search(path, request.path))

    def forget(self) -> None:
        """Counts from here on."""
        with self._lock:
            self.requests.clear()

    def _note(self, method: str, target: str) -> tuple:
        path, _, query = target.partition("?")
        request = Request(time.monotonic(), method, path, query)
        with self._lock:
            self.requests.append(request)
            fault = next((fault for fault in self._faults if fault.matches(method, path)), None)
            if fault:
                fault.seen += 1
        return request, fault

    def _serve(self, connection: socket.socket, peer) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _Handler(connection, peer, self)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection from the client, with one kept connection to the server behind it."""

    protocol_version = "HTTP/1.1"
    HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}

    def setup(self):
        super().setup()
        self.behind = None

    def finish(self):
        if self.behind:
            self.behind.close()
        try:
            super().finish()
        except OSError:
            pass

    def log_message(self, *_):
        pass

    def __getattr__(self, name):
        if name.startswith("do_"):       # every method is handled alike
            return self._pass
        raise AttributeError(name)

    def _pass(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request, fault = self.server._note(self.command, self.path)
        if fault and fault.cut == "belated":
            threading.Thread(target=self._ask_later, args=(fault.delay, body), daemon=True).start()
            return self._drop()
        if fault and fault.delay:
            time.sleep(fault.delay)
        if fault and fault.cut == "before":
            return self._drop()
        if fault and fault.raw is not None:
            if fault.passed_on:
                self._ask(body)
            kind = "application/json" if fault.raw.startswith(b"{") else "text/html"
            return self._answer(request, 200, [("Content-Type", kind)], fault.raw)
        if fault and fault.status:
            answer = (fault.page or json.dumps(fault.body or {})).encode()
            headers = [("Content-Type", "text/html" if fault.page else "application/json")]
            if "retry_after_ms" in (fault.body or {}):
                headers.append(("Retry-After", str(-(-fault.body["retry_after_ms"] // 1000))))
            return self._answer(request, fault.status, headers, answer)
        if self.server.edit:
            body = self.server.edit(self.command, request.path, body)
        try:
            status, headers, answer = self._ask(body)
        except (OSError, http.client.HTTPException):
            return self._drop()          # the server behind is gone: so is this connection
        if fault and fault.cut == "after":
            return self._drop()
        self._answer(request, status, headers, answer, half=bool(fault and fault.cut == "middle"))

    def _ask(self, body: bytes) -> tuple:
        if self.behind is None:
            self.behind = http.client.HTTPConnection(*self.server.target, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in self.HOP_BY_HOP}
        self.behind.request(self.command, self.path, body or (b"" if self.command in ("POST", "PUT") else None),
                            headers)
        response = self.behind.getresponse()
        return response.status, response.getheaders(), response.read()

    def _ask_later(self, delay: float, body: bytes) -> None:
        time.sleep(delay)
        self.behind = None               # that one has ended with the client's connection
        self._ask(body)

    def _answer(self, request: Request, status: int, headers: list, body: bytes, half: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in self.HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if half:
            self.wfile.write(body[:len(body) // 2])
            self.wfile.flush()
            return self._drop()
        request.status = status
        self.wfile.write(body)

    def _drop(self) -> None:
        self.close_connection = True
        _reset(self.connection)
