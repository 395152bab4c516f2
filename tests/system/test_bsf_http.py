"""test_bsf_http.py: the BSF as an HTTP server: requests that are not Ub's, and odd or evil connections."""
import socket
import time

import pytest

from raw_http import Connection, exchange, request
from ub_by_hand import Challenge, UbDevice, authorization, first_directives

IDLE_TIME_S = 3


@pytest.fixture(scope="module")
def network(new_network):
    made = new_network()
    made.prepare(bsf={"ub.idle_timeout": IDLE_TIME_S})
    made.start()
    return made


@pytest.fixture
def device(network, new_subscriber):
    return UbDevice(network.ub_port, new_subscriber(network))


# Requests that are not Ub's


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW", "get"])
def test_other_methods(device, method):
    header = authorization(device.directives(device.challenge(), method=method))
    response = exchange(device.port, method=method, headers=[("Authorization", header)])
    assert response.status in (405, 501) if method == "TRACE" else response.status == 405
    assert response.header("Allow") == "GET", "RFC 9110 15.5.6"


@pytest.mark.parametrize("target", ["/index.html", "//", "/../", "/%2e", "/a/", "*", "/\x7f"])
def test_other_paths(device, target):
    header = authorization(device.directives(device.challenge()))
    assert exchange(device.port, target=target, headers=[("Authorization", header)]).status in (400, 404)


def test_the_absolute_form_of_the_target(device):
    """Every server takes it (RFC 9112 3.2.2); a proxy on the way may send it."""
    header = authorization(first_directives(device.username, device.subscriber.bsf_fqdn))
    target = f"http://{device.subscriber.bsf_fqdn}/"
    assert exchange(device.port, target=target, headers=[("Authorization", header)]).status == 401


def test_host_may_carry_a_port(device):
    with Connection(device.port) as connection:
        header = authorization(first_directives(device.username, device.subscriber.bsf_fqdn))
        connection.send(request(headers=[("Authorization", header)], host=f"{device.subscriber.bsf_fqdn}:80"))
        assert connection.receive().status == 401


@pytest.mark.parametrize("octets", [b"GET /\r\n\r\n", b"hello\r\n\r\n", b"\r\n\r\n\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                                    b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", b"\0" * 100 + b"\r\n\r\n",
                                    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"\0" * 500,
                                    b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization Digest\r\n\r\n",
                                    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                                    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
                         ids=lambda octets: repr(octets[-30:]))
def test_what_is_no_http(device, octets):
    """Some error or a closed connection, and then good service for others."""
    with Connection(device.port) as connection:
        connection.send(octets)
        connection.end_sending()
        try:
            assert 400 <= connection.receive().status <= 505
        except (EOFError, ConnectionResetError, AssertionError):
            pass
    assert device.bootstrap()


def test_headers_of_a_megabyte(device):
    with Connection(device.port) as connection:
        connection.send_as_far_as_possible(request(headers=[("X-Long", "x" * (1 << 20))]))
        assert connection.receive().status == 431
    with Connection(device.port) as connection:
        connection.send_as_far_as_possible(request(headers=[(f"X-{i}", "x" * 100) for i in range(10000)]))
        assert connection.receive().status == 431
    assert device.bootstrap()


def test_a_target_of_a_megabyte(device):
    with Connection(device.port) as connection:
        connection.send_as_far_as_possible(request(target="/" + "x" * (1 << 20)))
        assert connection.receive().status in (414, 431)
    assert device.bootstrap()


@pytest.mark.parametrize("length", [1, 100, 60000, 1 << 20])
def test_bodies(device, length):
    """GET on Ub has none: 400, or 413 when it is too large to be looked at."""
    header = authorization(first_directives(device.username, device.subscriber.bsf_fqdn))
    with Connection(device.port) as connection:
        connection.send_as_far_as_possible(request(headers=[("Authorization", header)], body=b"x" * length))
        assert connection.receive().status == (400 if length < 65536 else 413)


def test_a_chunked_body_without_end(device):
    header = authorization(first_directives(device.username, device.subscriber.bsf_fqdn))
    with Connection(device.port) as connection:
        connection.send(request(headers=[("Authorization", header), ("Transfer-Encoding", "chunked")]))
        chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
        connection.send_as_far_as_possible(chunk * 64 + b"0\r\n\r\n")
        assert connection.receive().status in (400, 413)


# Connections


def test_several_requests_on_one_connection(device):
    with Connection(device.port) as connection:
        for _ in range(3):
            connection.send(device.first_request())
            challenge = Challenge.of(connection.receive())
            header = authorization(device.directives(challenge))
            connection.send(request(headers=[("Authorization", header)]))
            assert connection.receive().status == 200


def test_pipelined_requests(network, new_subscriber):
    """The answers come in the order of the requests, whatever the HSS needs for each."""
    devices = [UbDevice(network.ub_port, new_subscriber(network)) for _ in range(6)]
    with Connection(network.ub_port) as connection:
        connection.send(b"".join(device.first_request() for device in devices))
        challenges = [Challenge.of(connection.receive()) for device in devices]
        headers = [authorization(device.directives(challenge)) for device, challenge in zip(devices, challenges)]
        connection.send(b"".join(request(headers=[("Authorization", header)]) for header in headers))
        for device, challenge in zip(devices, challenges):
            assert device.run_of(challenge).b_tid.encode() in connection.receive().body


def test_a_half_closed_connection(device):
    """Whoever has said all may close their half, and is answered all the same."""
    with Connection(device.port) as connection:
        connection.send(device.first_request())
        connection.end_sending()
        challenge = Challenge.of(connection.receive())
    with Connection(device.port) as connection:
        connection.send(request(headers=[("Authorization", authorization(device.directives(challenge)))]))
        connection.end_sending()
        assert connection.receive().status == 200
        assert connection.is_closed()


def test_clients_that_go_away(device):
    for cut in (1, 20, 100):
        for _ in range(10):
            with Connection(device.port) as connection:
                connection.send(device.first_request()[:-cut])
    for _ in range(10):
        with Connection(device.port) as connection:
            connection.send(device.first_request())
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    other = UbDevice(device.port, device.subscriber)
    assert exchange(other.port).status == 400


def test_half_a_request(device):
    """A client that stops in the middle is cut off, one that drips is too, and nobody else waits for them."""
    whole = device.first_request()
    with Connection(device.port, timeout=3 * IDLE_TIME_S) as silent, Connection(device.port) as dripping:
        started = time.monotonic()
        silent.send(whole[:len(whole) // 2])
        dripping.send(whole[:20])
        assert device.bootstrap()
        assert time.monotonic() - started < 2
        cut = False
        for octet in whole[20:60]:
            if time.monotonic() - started > 4 * IDLE_TIME_S or cut:
                break
            try:
                dripping.send(bytes([octet]))
                dripping.socket.settimeout(0.5)
                cut = dripping.is_closed()
            except (BrokenPipeError, ConnectionResetError):
                cut = True
        assert cut, "dripping helps no longer than twice the idle time"
        assert silent.is_closed() or silent.unread, "the silent one is gone too"
