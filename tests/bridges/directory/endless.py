"""A domain controller that is never done: endless.py FOLDER. Writes a certificate there (ca.pem), prints its port, and
then answers each search as its base says: OU=pages, OU=entries, OU=references without end; of a group its members, range
by range, one by one (CN=one) or in ranges that hold nothing (CN=none)."""

import pathlib
import re
import socket
import ssl
import subprocess
import sys
import threading

GUIDS = {"one": bytes.fromhex("11111111000000000000000000000001"), "none": bytes.fromhex("22222222000000000000000000000002")}


def ber(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    head = bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + head + body


def number(value: int, tag: int = 2) -> bytes:
    return ber(tag, value.to_bytes(max(1, value.bit_length() // 8 + 1), "big"))


def text(value) -> bytes:
    return ber(4, value if isinstance(value, bytes) else value.encode())


def done(message: int, tag: int, controls: bytes = b"") -> bytes:
    return ber(0x30, number(message), ber(tag, number(0, 10), text(""), text("")), controls)


def entry(message: int, dn: str, **attributes) -> bytes:
    lines = [ber(0x30, text(name), ber(0x31, *[text(value) for value in values])) for name, values in attributes.items()]
    return ber(0x30, number(message), ber(0x64, text(dn), ber(0x30, *lines)))


def read(stream) -> bytes | None:
    """One message, without its outermost head."""
    head = stream.read(2)
    if len(head) < 2:
        return None
    size = head[1]
    if size >= 128:
        size = int.from_bytes(stream.read(size - 128), "big")
    return stream.read(size)


def group(message: int, body: bytes, kind: str) -> bytes:
    asked = re.search(rb"member;range=(\d+)-\*", body)
    at = int(asked.group(1)) if asked else 0
    values = [f"<GUID={at + 1:08x}-0000-0000-0000-000000000000>;CN=m{at},DC=corp,DC=example,DC=com"]
    ranged = f"member;range={at}-{at}" if kind == "one" else f"member;range={at}-{at + 1499}"
    return entry(message, f"CN={kind},DC=corp,DC=example,DC=com", objectGUID=[GUIDS[kind]], objectClass=["group"],
                 sAMAccountName=[kind], uSNChanged=["7"], **{ranged: values if kind == "one" else []})


def answer(send, message: int, body: bytes) -> None:
    if b"OU=entries" in body:
        while True:
            send(entry(message, "CN=somebody,DC=corp,DC=example,DC=com", cn=["x" * 100]))
    if b"OU=references" in body:
        while True:
            send(ber(0x30, number(message), ber(0x73, text("ldap://elsewhere"))))
    if b"OU=pages" in body:
        page = ber(0x30, number(0), text("more"))
        control = ber(0xA0, ber(0x30, text("1.2.840.113556.1.4.319"), text(page)))
        return send(done(message, 0x65, control))
    kind = "one" if b"11111111" in body else "none"
    send(group(message, body, kind))
    send(done(message, 0x65))


def serve(connection) -> None:
    try:
        stream = connection.makefile("rb")
        while body := read(stream):
            size = body[1]
            message, operation = int.from_bytes(body[2:2 + size], "big"), body[2 + size]
            if operation == 0x60:
                connection.sendall(done(message, 0x61))
            elif operation == 0x63:
                answer(connection.sendall, message, body)
    except OSError:
        pass        # whoever asked has had enough
    finally:
        connection.close()


def main(folder: pathlib.Path) -> None:
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=endless", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out",
                    folder / "ca.pem", "-days", "2"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            plain, _ = listener.accept()
            try:
                connection = context.wrap_socket(plain, server_side=True)
            except OSError:
                continue
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
