# SPDX-License-Identifier: MIT
"""The framed console: one UART carries several streams. 0xFF c switches streams or says something; 0xFF 0xFF is a literal 0xFF."""

STDOUT, STDERR, LOG, RESULTS, STATUS, TRACE = 1, 2, 3, 4, 5, 6
ESCAPE = 0xFF

EOF_MARK = bytes([ESCAPE, 0x00])
INTERRUPT = bytes([ESCAPE, 0x03])


def encode_input(data):
    """Bytes for the guest's standard input."""
    return data.replace(b"\xff", b"\xff\xff")


class Decoder:
    """Takes the UART's bytes as they come; calls put(stream, bytes) for each run of one stream. `status` is the run's, once it has come.

    A panic may break into a frame, so an unknown code is not an error: it is dropped, and the stream stays as it was.
    """

    def __init__(self, put):
        self.put = put
        self.stream = LOG
        self.status = None
        self.escaped = False
        self.want_status = False

    def feed(self, data):
        while data:
            if self.want_status:
                self.status, self.want_status = data[0], False
                data = data[1:]
            elif self.escaped:
                self.code(data[0])
                data = data[1:]
            else:
                data = self.run(data)

    def run(self, data):
        """Passes on what comes before the next escape; returns what comes behind it."""
        plain, mark, rest = data.partition(b"\xff")
        if plain:
            self.put(self.stream, plain)
        self.escaped = bool(mark)
        return rest

    def code(self, code):
        self.escaped = False
        if code == ESCAPE:
            self.put(self.stream, b"\xff")
        elif code == STATUS:
            self.want_status = True
        elif code in (STDOUT, STDERR, LOG, RESULTS, TRACE):
            self.stream = code
