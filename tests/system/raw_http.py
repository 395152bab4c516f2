"""raw_http.py: HTTP/1.1 over bare sockets, so that a test can send what no client would."""
import dataclasses
import re
import socket


@dataclasses.dataclass
class Response:
    status: int
    headers: list
    body: bytes = b""

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The value of a header that comes once at most."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None

    def directives(self, name):
        return parse_directives(self.header(name))


def parse_directives(header):
    """The directives of a Digest header; anything that is not one fails."""
    text = re.sub(r"^Digest +", "", header)
    pattern = re.compile(r'([a-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))(?:, *|$)')
    directives, position = {}, 0
    while position < len(text):
        match = pattern.match(text, position)
        assert match, f"not a directive: {text[position:]}"
        name, quoted, token = match.groups()
        assert name not in directives, f"{name} came twice"
        directives[name] = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        position = match.end()
    return directives


class Connection:
    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def send_as_far_as_possible(self, octets):
        """For a server that answers and closes before it has read everything."""
        try:
            self.socket.sendall(octets)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def end_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _fill(self):
        octets = self.socket.recv(65536)
        if not octets:
            raise EOFError("the server closed the connection")
        self.unread += octets

    def _take(self, length):
        while len(self.unread) < length:
            self._fill()
        taken, self.unread = self.unread[:length], self.unread[length:]
        return taken

    def _take_head(self):
        while b"\r\n\r\n" not in self.unread:
            self._fill()
        head, self.unread = self.unread.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"HTTP/1\.1 ([1-5]\d\d) ?.*", first)
        assert match, f"not a status line: {first}"
        return int(match[1]), [tuple(line.split(": ", 1)) for line in lines]

    def receive(self, method="GET"):
        status, headers = self._take_head()
        response = Response(status, headers)
        length = int(response.header("Content-Length") or 0)
        if method != "HEAD" and status not in (204, 304):
            assert status == 204 or response.header("Content-Length") is not None, "an answer without length"
            response.body = self._take(length)
        return response

    def is_closed(self):
        """Waits until the server has closed the connection; False when it sends something instead, or does not."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def request(method="GET", target="/", headers=(), body=b"", host="127.0.0.1"):
    """The octets of a request. Headers are pairs; Content-Length is added when there is a body."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines + ["", ""]).encode("latin-1") + body


def exchange(port, method="GET", target="/", headers=(), body=b"", timeout=10):
    """One request on a connection of its own."""
    with Connection(port, timeout) as connection:
        connection.send_as_far_as_possible(request(method, target, headers, body))
        return connection.receive(method)
