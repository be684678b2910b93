"""Ends of HTTP/2 connections on Python's `h2`, for src/python.rs: reads questions, one a line, and answers some."""

import json
import sys

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings


class End:
    """One end, with the bodies that wait for windows."""

    def __init__(self, is_client):
        # What is received is judged, but not changed.
        config = h2.config.H2Configuration(client_side=is_client, header_encoding=None, normalize_inbound_headers=False)
        self.connection = h2.connection.H2Connection(config)
        codes = h2.settings.SettingCodes
        values = {codes.MAX_CONCURRENT_STREAMS: 100, codes.ENABLE_PUSH: 0}
        self.connection.local_settings = h2.settings.Settings(client=is_client, initial_values=values)
        self.connection.initiate_connection()
        self.seen = []
        self.waiting = {}
        self.is_acknowledged = False
        self.has_failed = False

    def head(self, stream, fields, end):
        self.connection.send_headers(stream, fields, end_stream=end)

    def body(self, stream, data, end):
        waiting = self.waiting.setdefault(stream, [b"", False, None])
        waiting[0] += bytes.fromhex(data)
        waiting[1] |= end
        self.send(stream)

    def trailers(self, stream, fields):
        self.waiting.setdefault(stream, [b"", False, None])[2] = fields
        self.send(stream)

    def reset(self, stream, code):
        self.waiting.pop(stream, None)
        self.connection.reset_stream(stream, code)

    def ping(self, payload):
        self.connection.ping(bytes.fromhex(payload))

    def settings(self, window, table):
        # `h2` takes the first acknowledgement for that of the newest settings.
        if not self.is_acknowledged:
            return
        codes = h2.settings.SettingCodes
        self.connection.update_settings({codes.INITIAL_WINDOW_SIZE: window, codes.HEADER_TABLE_SIZE: table})

    def send(self, stream):
        """Sends what the windows allow of one stream. The end, or trailers, come after the last byte."""
        waiting = self.waiting[stream]
        data, end, trailers = waiting
        while data:
            length = min(len(data), self.connection.local_flow_control_window(stream), self.connection.max_outbound_frame_size)
            if length <= 0:
                return
            piece, data = data[:length], data[length:]
            waiting[0] = data
            is_last = end and not data and trailers is None
            self.connection.send_data(stream, piece, end_stream=is_last)
            if is_last:
                del self.waiting[stream]
                return
        if trailers is not None:
            self.connection.send_headers(stream, trailers, end_stream=True)
            del self.waiting[stream]
        elif end:
            self.connection.end_stream(stream)
            del self.waiting[stream]

    def receive(self, data):
        if self.has_failed:
            return
        try:
            events = self.connection.receive_data(bytes.fromhex(data))
        except h2.exceptions.ProtocolError:
            self.has_failed = True
            return
        for event in events:
            self.tell(event)
        for stream in list(self.waiting):
            self.attempt(self.send, stream)

    def tell(self, event):
        match event:
            case (
                h2.events.RequestReceived(stream_id=stream, headers=fields)
                | h2.events.ResponseReceived(stream_id=stream, headers=fields)
                | h2.events.InformationalResponseReceived(stream_id=stream, headers=fields)
            ):
                self.seen.append(["head", stream, texts(fields)])
            case h2.events.DataReceived(stream_id=stream, data=data, flow_controlled_length=length):
                self.seen.append(["data", stream, data.hex()])
                self.attempt(self.connection.acknowledge_received_data, length, stream)
            case h2.events.TrailersReceived(stream_id=stream, headers=fields):
                self.seen.append(["trailers", stream, texts(fields)])
            case h2.events.StreamEnded(stream_id=stream):
                self.seen.append(["end", stream])
            case h2.events.StreamReset(stream_id=stream, error_code=code, remote_reset=True):
                self.waiting.pop(stream, None)
                self.seen.append(["reset", stream, int(code)])
            case h2.events.SettingsAcknowledged():
                self.is_acknowledged = True
            case h2.events.PingAckReceived(ping_data=payload):
                self.seen.append(["pong", payload.hex()])
            case h2.events.ConnectionTerminated(last_stream_id=last, error_code=code):
                self.seen.append(["goaway", last, int(code)])

    def attempt(self, call, *arguments):
        """What a stream that is over cannot do is ignored."""
        try:
            call(*arguments)
        except (h2.exceptions.ProtocolError, KeyError):
            pass

    def take(self):
        seen, self.seen = self.seen, []
        return [seen, self.connection.data_to_send().hex()]


def texts(fields):
    return [[name.decode(errors="replace"), value.decode(errors="replace")] for name, value in fields]


def main():
    ends = {}
    for line in sys.stdin:
        number, name, *arguments = json.loads(line)
        if name == "new":
            ends[number] = End(*arguments)
        elif name == "drop":
            del ends[number]
        elif name == "take":
            print(json.dumps(ends[number].take()), flush=True)
        elif name == "receive":
            ends[number].receive(*arguments)
        else:
            end = ends[number]
            end.attempt(getattr(end, name), *arguments)


main()
