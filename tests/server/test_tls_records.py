"""Records of TLS that are small, or carry nothing: they hold up nobody, and nothing of what they say is lost."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from hashlib import sha384
from pathlib import Path

import pytest
import uvloop
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.server.tls import Tls
from emulator.server.tls_records import AT_ONCE, MOST_EMPTY, RecordsInTurn, TooManyEmptyRecords
from tests.support.sockets import dial, hear_statuses

READY = b"GET /_emulator/ready HTTP/1.1\r\nhost: localhost\r\n\r\n"


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tls:
    monkeypatch.setenv("EMULATOR_TLS_FOLDER", str(tmp_path / "tls"))
    return Tls(())


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest, tls: Tls, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadedServer]:
    monkeypatch.setattr("emulator.server.server.new_event_loop", request.param)
    with ThreadedServer(create_app(worlds_of([])), limits=Limits(), tls=tls) as server:
        yield server


class Client:
    """The other side of a connection in memory; `secret` is that of what it sends, as RFC 8446 calls it."""

    def __init__(self, folder: Path) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._log = folder / "keys"
        context.keylog_filename = str(self._log)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.side = context.wrap_bio(self.incoming, self.outgoing)

    def key_updates(self, count: int) -> bytes:
        """Return records by which the client takes new keys, and asks for new ones of the server, so many times."""
        assert self.side.cipher() == ("TLS_AES_256_GCM_SHA384", "TLSv1.3", 256)
        (line,) = (it for it in self._log.read_text().splitlines() if it.startswith("CLIENT_TRAFFIC_SECRET_0"))
        secret, records = bytes.fromhex(line.split()[2]), []
        for _ in range(count):
            key, nonce = _expanded(secret, "key", 32), _expanded(secret, "iv", 12)
            records.append(UPDATE_HEAD + AESGCM(key).encrypt(nonce, UPDATE, UPDATE_HEAD))
            secret = _expanded(secret, "traffic upd", sha384().digest_size)
        return b"".join(records)


UPDATE = b"\x18\0\0\x01\x01" + b"\x16"
"""The message KeyUpdate, which asks for another one, and its kind: a message of the handshake."""

UPDATE_HEAD = b"\x17\x03\x03" + (len(UPDATE) + 16).to_bytes(2)


def _expanded(secret: bytes, label: str, length: int) -> bytes:
    """Return HKDF-Expand-Label of RFC 8446, 7.1, without a context."""
    name = b"tls13 " + label.encode()
    return HKDFExpand(SHA384(), length, length.to_bytes(2) + bytes([len(name)]) + name + b"\0").derive(secret)


class Pair:
    """A client and a server's side whose handshake is done."""

    def __init__(self, tls: Tls, folder: Path) -> None:
        self.client = Client(folder)
        self.arriving, answers = ssl.MemoryBIO(), ssl.MemoryBIO()
        side = tls.context().wrap_bio(self.arriving, answers, server_side=True)
        assert isinstance(side, RecordsInTurn)
        self.side = side
        for each in (self.client.side, side, self.client.side, side):
            with suppress(ssl.SSLWantReadError):
                each.do_handshake()
            self.arriving.write(self.client.outgoing.read())
            self.client.incoming.write(answers.read())

    def send_bytes(self, text: bytes) -> None:
        for n in range(len(text)):
            self.client.side.write(text[n : n + 1])
        self.arriving.write(self.client.outgoing.read())

    def read(self) -> bytes:
        return _read(self.side)


def _read(side: ssl.SSLObject) -> bytes:
    """Return what can be read until a side says that it wants more."""
    text = b""
    with suppress(ssl.SSLWantReadError):
        while True:
            text += side.read(65_536)
    return text


def test_a_connection_takes_only_so_many_records_that_carry_nothing(tls: Tls, tmp_path: Path) -> None:
    pair = Pair(tls, tmp_path)
    pair.arriving.write(pair.client.key_updates(2 * MOST_EMPTY))
    with pytest.raises(TooManyEmptyRecords):
        pair.side.read(65_536)
    assert pair.arriving.pending > 0


def test_a_few_new_keys_are_taken(tls: Tls, tmp_path: Path) -> None:
    pair = Pair(tls, tmp_path)
    pair.arriving.write(pair.client.key_updates(10))
    with pytest.raises(ssl.SSLWantReadError):
        pair.side.read(65_536)
    assert pair.arriving.pending == 0


def test_small_records_are_read_a_few_at_a_time(tls: Tls, tmp_path: Path) -> None:
    pair, text = Pair(tls, tmp_path), bytes(range(200))
    told: list[None] = []
    pair.side.on_rest = lambda: told.append(None)
    pair.send_bytes(text)
    assert pair.read() == text[:AT_ONCE]
    assert pair.read() == b""
    assert len(told) == 1
    pair.side.go_on()
    assert pair.read() == text[AT_ONCE : 2 * AT_ONCE]


def test_a_record_is_waited_for_until_it_is_whole(tls: Tls, tmp_path: Path) -> None:
    pair = Pair(tls, tmp_path)
    pair.client.side.write(b"text")
    record = pair.client.outgoing.read()
    for n in range(len(record)):
        assert pair.read() == b""
        pair.arriving.write(record[n : n + 1])
    assert pair.read() == b"text"


def _dial(server: ThreadedServer) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(dial(server))


def test_requests_in_records_of_a_byte_are_all_answered(server: ThreadedServer) -> None:
    with closing(_dial(server)) as line:
        for n in range(len(READY)):
            line.sendall(READY[n : n + 1])
        assert hear_statuses(line, 1) == [200]
        for byte in READY * 50:
            line.sendall(bytes([byte]))
        assert hear_statuses(line, 50) == [200] * 50


def test_many_records_that_come_with_the_end_of_a_handshake_are_read(server: ThreadedServer, tmp_path: Path) -> None:
    client = Client(tmp_path)
    with closing(dial(server)) as line:
        with suppress(ssl.SSLWantReadError):
            client.side.do_handshake()
        line.sendall(client.outgoing.read())
        while _wants_more(client):
            client.incoming.write(line.recv(65_536))
        for byte in READY * 5:
            client.side.write(bytes([byte]))
        line.sendall(client.outgoing.read())
        heard = b""
        while heard.count(b"HTTP/1.1 200") < 5:
            client.incoming.write(line.recv(65_536))
            heard += _read(client.side)


def _wants_more(client: Client) -> bool:
    try:
        client.side.do_handshake()
    except ssl.SSLWantReadError:
        return True
    return False


def test_who_sends_nothing_but_new_keys_is_cut_off(server: ThreadedServer, tmp_path: Path) -> None:
    client = Client(tmp_path)
    with closing(dial(server)) as line:
        while _wants_more(client):
            line.sendall(client.outgoing.read())
            client.incoming.write(line.recv(65_536))
        line.sendall(client.outgoing.read() + client.key_updates(2 * MOST_EMPTY))
        with suppress(ConnectionResetError):
            while line.recv(65_536):
                pass
