"""A witness of transparency logs (C2SP tlog-witness, tlog-cosignature), as small as it can be and still honest.

Written from the specifications and RFC 6962, apart from the program: it signs a head only where the log's signature
and the consistency proof from the last head that it signed hold.
"""

import base64
import hashlib
import http.server
import struct
import threading
import time

import nacl.signing


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: list) -> bool:
    """RFC 9162, section 2.1.4.2."""
    if old == 0 or old == new:
        return not proof and (old == 0 or old_root == new_root)
    proof = list(proof) if old & (old - 1) else [old_root, *proof]
    if not proof:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = proof[0]
    for hashed in proof[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first, second = _node(hashed, first), _node(hashed, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = _node(second, hashed)
        node, last = node >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


class Witness:
    """Knows one log, by its origin and verifier key, as soon as `trust` was called."""

    def __init__(self, name: str = "witness.example.net"):
        self.name = name
        self._secret = nacl.signing.SigningKey.generate()
        self._public = bytes(self._secret.verify_key)
        self._id = hashlib.sha256(name.encode() + b"\n\x04" + self._public).digest()[:4]
        self._origin, self._log_key, self._log_id = "", None, b""
        self._lock = threading.Lock()
        self.size, self.root = 0, b""
        self.answers: list = []      # statuses, in order
        witness = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, text = witness.add(body) if self.path == "/corp/add-checkpoint" else (404, "")
                witness.answers.append(status)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/corp"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def key(self) -> str:
        return f"{self.name}+{self._id.hex()}+{base64.b64encode(bytes([4]) + self._public).decode()}"

    def trust(self, origin: str, verifier: str) -> None:
        _, log_id, key = verifier.split("+", 2)
        self._origin, self._log_id = origin, bytes.fromhex(log_id)
        self._log_key = nacl.signing.VerifyKey(base64.b64decode(key)[1:])

    def add(self, body: str) -> tuple:
        head, _, note = body.partition("\n\n")
        old, *proof = head.split("\n")
        text, _, signatures = note.partition("\n\n")
        text += "\n"
        origin, size, root = text.splitlines()
        if origin != self._origin:
            return 404, ""
        if not any(self._by_the_log(text, line) for line in signatures.splitlines()):
            return 403, ""
        old, size, root = int(old.removeprefix("old ")), int(size), base64.b64decode(root)
        with self._lock:
            if old > size:
                return 400, ""
            if old != self.size or (old == size and root != self.root):
                return 409, f"{self.size}\n"
            if not consistent(old, self.root, size, root, [base64.b64decode(line) for line in proof]):
                return 422, ""
            self.size, self.root = size, root
        return 200, self._cosign(text)

    def _by_the_log(self, text: str, line: str) -> bool:
        signature = base64.b64decode(line.split(" ")[2])
        if signature[:4] != self._log_id:
            return False
        self._log_key.verify(text.encode(), signature[4:])
        return True

    def _message(self, text: str, seen: int) -> bytes:
        return f"cosignature/v1\ntime {seen}\n{text}".encode()

    def _cosign(self, text: str) -> str:
        seen = int(time.time())
        signature = self._secret.sign(self._message(text, seen)).signature
        return f"— {self.name} {base64.b64encode(self._id + struct.pack('>Q', seen) + signature).decode()}\n"

    def signed(self, note: str) -> bool:
        """Whether this witness's signature is under that note, and holds."""
        text, _, lines = note.partition("\n\n")
        for line in lines.splitlines():
            signature = base64.b64decode(line.split(" ")[2])
            if signature[:4] == self._id:
                seen, = struct.unpack(">Q", signature[4:12])
                self._secret.verify_key.verify(self._message(text + "\n", seen), signature[12:])
                return True
        return False

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
