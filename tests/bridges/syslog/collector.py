#!/usr/bin/python3
"""A collector of syslog messages for tests: RFC 5425 over TLS with a certificate of its own authority, or plain TCP.

    collector.py FOLDER [options]        prints its port, then takes connections until it is killed

In FOLDER: ca.pem, other-ca.pem (which signed nothing that is used), cert.pem, and `received`, one JSON string for each
whole message in the order of their coming. A message whose connection broke within it is not in there.
"""

import argparse
import contextlib
import json
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import threading

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def authority(folder: pathlib.Path, name: str) -> None:
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-subj", f"/CN={name}",
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")


def make_certificates(folder: pathlib.Path, names: str) -> None:
    """A certificate for `names`, such as IP:127.0.0.1, and the authority that signed it; once."""
    if (folder / "cert.pem").exists():
        return
    authority(folder, "ca")
    authority(folder, "other-ca")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", folder / "key.pem", "-out", folder / "request.pem", "-subj", "/CN=collector")
    (folder / "extensions").write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", folder / "request.pem", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
            "-set_serial", "2", "-days", "2", "-extfile", folder / "extensions", "-out", folder / "cert.pem")


def pending(connection) -> int:
    """Bytes that were decrypted and not read."""
    return connection.pending() if isinstance(connection, ssl.SSLSocket) else 0


class Collector:
    def __init__(self, options):
        self.options = options
        self.context = None
        if not options.plain:
            make_certificates(options.folder, options.names)
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if options.tls_1_1:
                self.context.set_ciphers("ALL:@SECLEVEL=0")
                self.context.minimum_version = ssl.TLSVersion.TLSv1_1
                self.context.maximum_version = ssl.TLSVersion.TLSv1_1
            self.context.load_cert_chain(options.folder / "cert.pem", options.folder / "key.pem")
        self.lock = threading.Lock()
        self.received = open(options.folder / "received", "a", encoding="utf-8")
        self.connections = []

    def keep(self, message: bytes) -> None:
        with self.lock:
            self.received.write(json.dumps(message.decode()) + "\n")
            self.received.flush()

    def end(self, connection, in_order: bool) -> None:
        if in_order and self.context:
            connection.settimeout(0)
            with contextlib.suppress(ssl.SSLWantReadError):     # for the answer nobody waits
                connection.unwrap()
        elif not in_order:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        connection.close()

    def serve(self, connection: socket.socket) -> None:
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.connections.append(connection)
            if self.options.stall:
                threading.Event().wait()
            self.read(connection)
        except (OSError, ValueError) as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            connection.close()

    def read(self, connection: socket.socket) -> None:
        """Frames until the end, or until so many that this collector has had enough."""
        buffer, frames = b"", 0
        while True:
            blank = buffer.find(b" ")
            if 0 <= blank and len(buffer) > blank + int(buffer[:blank]):
                end = blank + 1 + int(buffer[:blank])
                self.keep(buffer[blank + 1:end])
                buffer, frames = buffer[end:], frames + 1
                if self.options.reset_after and frames == self.options.reset_after:
                    return self.end(connection, in_order=False)
                if self.options.leave_after and frames == self.options.leave_after:
                    return self.end(connection, in_order=True)
                continue
            if self.options.close_after and frames >= self.options.close_after and not buffer and not pending(connection):
                return self.end(connection, in_order=True)
            more = connection.recv(65536)
            if not more:
                return connection.close()
            buffer += more


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--names", default="IP:127.0.0.1", help="what the certificate is for")
    parser.add_argument("--plain", action="store_true", help="no TLS")
    parser.add_argument("--tls-1-1", action="store_true", help="nothing newer")
    parser.add_argument("--stall", action="store_true", help="never read")
    parser.add_argument("--reset-after", type=int, default=0, help="messages of a connection, which is reset then")
    parser.add_argument("--close-after", type=int, default=0,
                        help="messages at least of a connection, which is closed in order once all of it was read")
    parser.add_argument("--leave-after", type=int, default=0,
                        help="messages of a connection, which is closed in order then, whatever else was sent on it")
    collector = Collector(parser.parse_args())
    with socket.create_server(("127.0.0.1", collector.options.port)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=collector.serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
