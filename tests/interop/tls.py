"""TLS in front of a server that has none, with ALPN: for clients that speak HTTP/2 only so."""

import contextlib
import select
import socket
import ssl
import subprocess
import threading


def certificate(directory, *options):
    """Makes a certificate of its own for 127.0.0.1, and returns the file with it and its key."""
    path = directory / "tls.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *options, "-keyout", path, "-out", directory / "cert"], check=True, capture_output=True, timeout=30)
    path.write_bytes(path.read_bytes() + (directory / "cert").read_bytes())
    return path


class Front:
    """Accepts TLS on a port that the system picks, and passes the bytes on to `address`."""

    def __init__(self, address, pem):
        host, port = address.rsplit(":", 1)
        self._behind = (host, int(port))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        self._context.set_alpn_protocols(["h2"])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "https://127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            sock, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        sock.settimeout(50)
        # A client may leave at any time, and a browser tries certificates first.
        with contextlib.suppress(OSError), sock, self._context.wrap_socket(sock, server_side=True) as tls:
            with socket.create_connection(self._behind, 50) as plain:
                # A `SSLSocket` must not be read and written at once, so it does not block.
                tls.setblocking(False)
                self._relay(tls, plain)

    @staticmethod
    def _relay(tls, plain):
        while True:
            if not tls.pending():
                select.select([tls, plain], [], [], 50)
            with contextlib.suppress(ssl.SSLWantReadError):
                received = tls.recv(65536)
                if not received:
                    return
                plain.sendall(received)
            if select.select([plain], [], [], 0)[0]:
                answer = plain.recv(65536)
                if not answer:
                    return
                while answer:
                    try:
                        answer = answer[tls.send(answer) :]
                    except ssl.SSLWantWriteError:
                        select.select([], [tls], [], 50)
                    except ssl.SSLWantReadError:
                        select.select([tls], [], [], 50)
