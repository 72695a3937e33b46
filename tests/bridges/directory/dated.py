"""A server of TLS whose certificates are good at other times: dated.py FOLDER, the rest as endless.py. On 127.0.0.1 that of
2099, on 127.0.0.2 that of one day in 2001, on 127.0.0.3 one that is valid now."""

import pathlib
import socket
import ssl
import subprocess
import sys
import threading

TIMES = {"127.0.0.1": ("20990101000000Z", "20990201000000Z"), "127.0.0.2": ("20010101000000Z", "20010102000000Z"),
         "127.0.0.3": ("20010101000000Z", "20990201000000Z")}
CONFIGURATION = """
[ca]
default_ca = dated
[dated]
database = {folder}/index-{address}
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = name
x509_extensions = extensions
[name]
commonName = supplied
[extensions]
basicConstraints = CA:TRUE
subjectAltName = IP:{address}
"""


def certificate(folder: pathlib.Path, address: str) -> pathlib.Path:
    """For that address, signed by itself."""
    configuration, made = folder / "openssl.cnf", folder / f"{address}.pem"
    configuration.write_text(CONFIGURATION.format(folder=folder, address=address))
    (folder / f"index-{address}").touch()
    (folder / "serial").write_text("01\n")
    first, last = TIMES[address]
    for words in (["req", "-new", "-key", folder / "key.pem", "-subj", "/CN=dated", "-out", folder / "request"],
                  ["ca", "-batch", "-notext", "-selfsign", "-config", configuration, "-keyfile", folder / "key.pem", "-in",
                   folder / "request", "-startdate", first, "-enddate", last, "-out", made]):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    return made


def serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        plain, _ = listener.accept()
        try:
            context.wrap_socket(plain, server_side=True).recv(1)
        except OSError:
            pass


def main(folder: pathlib.Path) -> None:
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                    folder / "key.pem"], check=True, capture_output=True)
    port, authorities = 0, ""
    for address in TIMES:
        made = certificate(folder, address)
        authorities += made.read_text()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made, folder / "key.pem")
        listener = socket.create_server((address, port))
        port = listener.getsockname()[1]
        threading.Thread(target=serve, args=(listener, context), daemon=True).start()
    (folder / "ca.pem").write_text(authorities)
    print(port, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
