"""A server of HTTP/2 on Python's `h2`, whose answer depends on the path. For what other servers cannot be made to do."""

import socket
import threading
import traceback

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

# GOAWAY with stream 0 as the last, and NO_ERROR: `h2` names the last stream that it has seen.
GOAWAY_ABOVE_0 = bytes.fromhex("000008070000000000" "00000000" "00000000")


class Server:
    """Listens on a port that the system picks, and serves a client after the other."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        # The events of the last connection.
        self.events = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            sock, _ = self._listener.accept()
            with sock:
                sock.settimeout(20)
                try:
                    self._serve(sock)
                except (OSError, h2.exceptions.ProtocolError):
                    # The client has left, or sent something more after the last GOAWAY. If it is anything else, the check
                    # that fails shows it.
                    traceback.print_exc()

    def _serve(self, sock):
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        conn = h2.connection.H2Connection(config)
        conn.local_settings.header_table_size = 0
        conn.initiate_connection()
        sock.sendall(conn.data_to_send())
        self.events, path = [], None
        while received := sock.recv(65536):
            for event in conn.receive_data(received):
                self.events.append(event)
                match event:
                    case h2.events.RequestReceived(stream_id=stream, headers=headers):
                        path = dict(headers)[":path"]
                        self._answer(conn, sock, stream, path)
                    case h2.events.DataReceived(stream_id=stream, data=data, flow_controlled_length=length):
                        conn.acknowledge_received_data(length, stream)
                        if path == "/":
                            # All that is sent here fits into the windows.
                            conn.send_data(stream, data)
                    case h2.events.TrailersReceived(stream_id=stream, headers=headers) if path == "/":
                        conn.send_headers(stream, headers, end_stream=True)
                        path = None
                    case h2.events.StreamEnded(stream_id=stream) if path == "/":
                        conn.end_stream(stream)
            sock.sendall(conn.data_to_send())

    def _answer(self, conn, sock, stream, path):
        match path:
            case "/refuse-all":
                sock.sendall(conn.data_to_send() + GOAWAY_ABOVE_0)
            case "/refuse":
                conn.reset_stream(stream, 7)
            case "/calm":
                conn.close_connection(11)
            case "/early":
                # An answer to the whole of a request that is still being sent.
                conn.send_headers(stream, [(":status", "413")], end_stream=True)
                conn.reset_stream(stream, 0)
            case "/settings":
                conn.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 0})
                conn.send_headers(stream, [(":status", "200")])
                conn.ping(b"pingpong")
                conn.send_data(stream, b"after", end_stream=True, pad_length=200)
            case _:
                conn.send_headers(stream, [(":status", "200"), ("x-path", path)])
