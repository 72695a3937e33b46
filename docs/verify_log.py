#!/usr/bin/env python3
"""Checks a log folder of Rollcall from its files and a public key alone: verify_log.py FOLDER KEY

Written apart from the program, from RFC 6962, RFC 8032 and the C2SP forms (signed-note, tlog-checkpoint, tlog-tiles).
KEY is the log's first verifier key, or a later one. Exit status 0: every entry is the one that was signed."""
import base64, hashlib, json, pathlib, sys  # noqa: E401

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def add(a, b):  # points of edwards25519 as (x, y)
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P)

def times(n, point):
    return add(times(n // 2, add(point, point)), point if n % 2 else (0, 1)) if n else (0, 1)

def point(data):
    y = int.from_bytes(data, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square and y < P, "no point of the curve"
    return (x if x & 1 == data[31] >> 7 else P - x, y)

def holds(text, signature, key):  # RFC 8032, section 5.1.7
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return s < L and times(s, base) == add(point(signature[:32]), times(k, point(key)))

def lines(note, verifier):  # of a note, once that key's signature is found to hold
    name, _, key = verifier.split("+", 2)
    key, (text, _, below) = base64.b64decode(key)[1:], note.rpartition(b"\n\n")
    made = [base64.b64decode(one.split(" ")[2]) for one in below.decode().splitlines() if one.startswith(f"— {name} ")]
    made = [one[4:] for one in made if one[:4] == sha(name.encode(), b"\n\x01", key)[:4]]
    assert made and all(holds(text + b"\n", one, key) for one in made), f"{verifier} has not signed it"
    return text.decode().split("\n")

def tree(hashes):  # RFC 6962, section 2.1
    half = 1 << (len(hashes) - 1).bit_length() - 1 if len(hashes) > 1 else 0
    return sha(b"\1", tree(hashes[:half]), tree(hashes[half:])) if half else hashes[0] if hashes else sha()

def main(folder, key):
    head, leaves = (folder / "checkpoint").read_bytes(), []
    origin, size, root = head.decode().split("\n")[:3]  # believed once its signature was checked, at the end
    while len(leaves) < int(size):
        number, width = len(leaves) // 256, min(256, int(size) - len(leaves))
        path = "/".join(["x%03d" % int(g) for g in f"{number:,}".split(",")][:-1] + ["%03d" % (number % 1000)])
        path += "" if width == 256 else f".p/{width}"
        bundle, tile = (folder / "tile/entries" / path).read_bytes(), (folder / "tile/0" / path).read_bytes()
        for i in range(width):
            end = 2 + int.from_bytes(bundle[:2], "big")
            entry, bundle = bundle[2:end], bundle[end:]
            leaves.append(sha(b"\0", entry))
            assert leaves[-1] == tile[32 * i:32 * i + 32], f"entry {len(leaves) - 1} is not the one in its tile"
            note = json.loads(entry)["unmapped"]["rotation"].encode() if b'"rotation":"' in entry else b""
            if key in note.decode().split("\n")[2:3]:  # it hands the log on, and both keys must have signed that
                old, key = key, note.decode().split("\n")[3]
                assert lines(note, old) == lines(note, key) == [origin, "key rotation", old, key], "no rotation"
        assert not bundle and len(tile) == 32 * width, f"{path} is longer than it should be"
    assert base64.b64decode(root) == tree(leaves), "the root is another: entries were changed"
    assert lines(head, key) == [origin, size, root], "the checkpoint has another form"
    print(f"{origin}: {size} entries, each as it was signed by {key}")

if not __debug__:
    sys.exit("with -O or PYTHONOPTIMIZE nothing would be checked")
main(pathlib.Path(sys.argv[1]), sys.argv[2])
