#!/usr/bin/env python3
"""Checks a log folder of Rollcall from its files and its public key alone: verify_log.py FOLDER KEY

Written apart from the program, from RFC 6962, RFC 8032 and the C2SP forms (signed-note, tlog-checkpoint, tlog-tiles).
KEY is the verifier key, name+id+base64. Exit status 0: every entry is the one that was signed."""
import base64
import hashlib
import pathlib
import sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def add(a, b):  # points of edwards25519 as (x, y)
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P)


def times(n, point):
    out = (0, 1)
    for bit in bin(n)[2:]:
        out = add(out, out)
        out = add(out, point) if bit == "1" else out
    return out


def point(data):
    y = int.from_bytes(data, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square and y < P, "no point of the curve"
    return (x if x & 1 == data[31] >> 7 else P - x, y)


def signed(text, signature, key):  # RFC 8032, section 5.1.7
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return s < L and times(s, base) == add(point(signature[:32]), times(k, point(key)))


def main(folder, key_text):
    name, _, key = key_text.split("+", 2)
    key = base64.b64decode(key)[1:]
    text, _, lines = (folder / "checkpoint").read_bytes().rpartition(b"\n\n")
    text += b"\n"
    mine = [line for line in lines.decode().splitlines() if line.startswith(f"— {name} ")]
    signature = base64.b64decode(mine[0].split(" ")[2])
    assert signature[:4] == sha(name.encode(), b"\n\x01", key)[:4], "signed by another key"
    assert signed(text, signature[4:], key), "the signature does not hold"
    origin, size, root = text.decode().splitlines()
    leaves, size = [], int(size)
    while len(leaves) < size:
        number, width = len(leaves) // 256, min(256, size - len(leaves))
        path = "/".join(["x%03d" % int(g) for g in f"{number:,}".split(",")][:-1] + ["%03d" % (number % 1000)])
        path += "" if width == 256 else f".p/{width}"
        bundle, tile = (folder / "tile/entries" / path).read_bytes(), (folder / "tile/0" / path).read_bytes()
        for i in range(width):
            length = int.from_bytes(bundle[:2], "big")
            leaves.append(sha(b"\0", bundle[2:2 + length]))
            assert leaves[-1] == tile[32 * i:32 * i + 32], f"entry {len(leaves) - 1} is not the one in its tile"
            bundle = bundle[2 + length:]
        assert not bundle and len(tile) == 32 * width, f"{path} is longer than it should be"
    edge = []  # (leaves below, hash), larger ones first
    for leaf in leaves:
        edge.append((1, leaf))
        while len(edge) > 1 and edge[-1][0] == edge[-2][0]:
            (n, right), (_, left) = edge.pop(), edge.pop()
            edge.append((2 * n, sha(b"\1", left, right)))
    while len(edge) > 1:
        (n, right), (m, left) = edge.pop(), edge.pop()
        edge.append((n + m, sha(b"\1", left, right)))
    assert base64.b64decode(root) == (edge[0][1] if edge else sha()), "the root is another: entries were changed"
    print(f"{origin}: {size} entries, each as it was signed by {name}")


main(pathlib.Path(sys.argv[1]), sys.argv[2])
