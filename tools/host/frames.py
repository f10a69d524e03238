# SPDX-License-Identifier: MIT
"""The framed console: one UART carries several streams. 0xFF c switches streams or says something; 0xFF 0xFF is a literal 0xFF."""

STDOUT, STDERR, LOG, RESULTS, STATUS, TRACE, CREDIT = 1, 2, 3, 4, 5, 6, 7
CREDIT_BYTES = 16384  # what one credit is worth: the guest has read so much more of its input
AHEAD = 3 * CREDIT_BYTES  # so much may be sent before any credit
ESCAPE = 0xFF

EOF_MARK = bytes([ESCAPE, 0x00])
INTERRUPT = bytes([ESCAPE, 0x03])


def window(rows, columns):
    """The terminal has another size."""
    return bytes([ESCAPE, 0x05]) + rows.to_bytes(2, "little") + columns.to_bytes(2, "little")


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
        self.message = None  # STATUS or CREDIT, whose byte comes next
        self.credit = 0  # bytes of input that may be sent, not yet taken by take_credit

    def take_credit(self):
        credit, self.credit = self.credit, 0
        return credit

    def feed(self, data):
        while data:
            if self.message == STATUS:
                self.status, self.message = data[0], None
                data = data[1:]
            elif self.message == CREDIT:
                self.credit, self.message = self.credit + data[0] * CREDIT_BYTES, None
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
        elif code in (STATUS, CREDIT):
            self.message = code
        elif code in (STDOUT, STDERR, LOG, RESULTS, TRACE):
            self.stream = code
