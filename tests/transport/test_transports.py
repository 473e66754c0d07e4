"""One contract, two transports: whole files or nothing, never overwritten, the same on a folder and a real SFTP server."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
import pytest

from edi.model.errors import AccessError, InputError, SettingsError, TemporaryError
from edi.transport.base import (
    DamagedTransferError,
    InDoubtError,
    NameTakenError,
    RemoteFile,
    Transport,
    Whereabouts,
    is_plain,
    safe_name,
    temporary_name,
)
from edi.transport.folder import AfterFetch, FolderTransport
from edi.transport.host_keys import host_key_lines
from edi.transport.sftp import SftpPartner, SftpTransport
from tests.transport.sftp_server import PASSWORD, USER, SftpServer


class Way:
    """A transport and the folders behind it."""

    def __init__(self, kind: str, root: Path, server: SftpServer | None) -> None:
        self.kind, self.server = kind, server
        self.outbound, self.inbound, self.here = (root / name for name in ("out", "in", "here"))
        for folder in (self.outbound, self.inbound, self.here):
            folder.mkdir()
        self.transport = self.made()

    def made(self, after: AfterFetch = "archive", **more: object) -> Transport:
        """The transport, with what becomes of fetched files."""
        if self.server is None:
            return FolderTransport(self.outbound, self.inbound, after_fetch=after)
        return SftpTransport(partner_of(self.server, after_fetch=after, **more))

    def source(self, content: bytes) -> tuple[Path, str]:
        """A file to send, and its digest."""
        path = self.here / "source"
        path.write_bytes(content)
        return path, hashlib.sha256(content).hexdigest()

    def put(self, name: str, content: bytes) -> None:
        """Deliver content under a name, both steps."""
        source, digest = self.source(content)
        self.transport.stage(name, source, digest)
        self.transport.reveal(name, digest)

    def offered(self, name: str) -> RemoteFile:
        """The waiting file of that name."""
        (found,) = [one for one in self.transport.listing() if one.name == name]
        return found


def partner_of(server: SftpServer, **more: object) -> SftpPartner:
    told = SftpPartner(
        host="127.0.0.1",
        port=server.port,
        user=USER,
        password=PASSWORD,
        host_keys=(server.host_key,),
        outbound="/out",
        inbound="/in",
        timeout=5,
    )
    return msgspec.structs.replace(told, **more)


@pytest.fixture(params=["folder", "sftp"])
def way(request, tmp_path):
    if request.param == "folder":
        yield Way("folder", tmp_path, None)
        return
    with SftpServer(tmp_path) as server:
        made = Way("sftp", tmp_path, server)
        yield made
        made.transport.close()


def test_a_staged_file_has_not_its_name_and_a_revealed_one_is_whole(way):
    content = b"ISA" * 100_000
    source, digest = way.source(content)
    assert way.transport.look("a.837", digest, len(content)) is Whereabouts.ABSENT
    way.transport.stage("a.837", source, digest)
    assert [path.name for path in way.outbound.iterdir()] == [temporary_name("a.837", digest)]
    assert way.transport.look("a.837", digest, len(content)) is Whereabouts.STAGED
    way.transport.reveal("a.837", digest)
    assert [path.name for path in way.outbound.iterdir()] == ["a.837"]
    assert (way.outbound / "a.837").read_bytes() == content
    assert way.transport.look("a.837", digest, len(content)) is Whereabouts.THERE


def test_every_step_may_be_taken_again(way):
    source, digest = way.source(b"one")
    for _ in range(2):
        way.transport.stage("a.837", source, digest)
    for _ in range(2):
        way.transport.reveal("a.837", digest)
    way.transport.stage("a.837", source, digest)
    way.transport.reveal("a.837", digest)
    assert [(path.name, path.read_bytes()) for path in way.outbound.iterdir()] == [("a.837", b"one")]


def test_half_a_file_of_an_earlier_run_is_not_taken_for_the_whole(way):
    source, digest = way.source(b"the whole")
    (way.outbound / temporary_name("a.837", digest)).write_bytes(b"the")
    assert way.transport.look("a.837", digest, 9) is Whereabouts.ABSENT
    way.transport.stage("a.837", source, digest)
    way.transport.reveal("a.837", digest)
    assert (way.outbound / "a.837").read_bytes() == b"the whole"


def test_other_content_is_never_overwritten(way):
    way.put("a.837", b"one")
    source, digest = way.source(b"two")
    assert way.transport.look("a.837", digest, 3) is Whereabouts.OTHER
    way.transport.stage("a.837", source, digest)
    with pytest.raises(NameTakenError, match="nothing was overwritten"):
        way.transport.reveal("a.837", digest)
    assert (way.outbound / "a.837").read_bytes() == b"one"


def test_a_server_that_lets_nothing_be_read_is_asked_for_the_size_of_a_name_that_was_taken(way):
    if way.kind == "folder":
        pytest.skip("a folder can always be read")
    way.transport = way.made(read_back=False)
    source, digest = way.source(b"two words")
    way.transport.stage("a.837", source, digest)
    (way.outbound / "a.837").write_bytes(b"one")
    with pytest.raises(NameTakenError):
        way.transport.reveal("a.837", digest)
    assert len(list(way.outbound.iterdir())) == 2, "what was staged is still there"


@pytest.mark.parametrize("letter", ["a", "é", "日"])
def test_a_name_of_the_greatest_length_is_fetched(way, letter):
    name = letter * (200 // len(letter.encode()))
    for content in (b"one", b"two"):
        (way.inbound / name).write_bytes(content)
        assert way.transport.get(way.offered(name), way.here).read_bytes() == content
    longer = name + letter
    (way.inbound / longer).write_bytes(b"three")
    path = way.transport.get(way.offered(longer), way.here)
    assert (path.read_bytes(), path.name != longer, is_plain(path.name)) == (b"three", True, True)


def test_what_was_taken_away_is_in_doubt(way):
    source, digest = way.source(b"one")
    way.transport.stage("a.837", source, digest)
    (way.outbound / temporary_name("a.837", digest)).unlink()
    with pytest.raises(InDoubtError):
        way.transport.reveal("a.837", digest)


def test_without_reading_back_a_truncated_source_still_never_goes_out(way):
    source, digest = way.source(b"the whole")
    source.write_bytes(b"the")
    transport = way.made(read_back=False) if way.server is not None else way.made()
    with pytest.raises(DamagedTransferError):
        transport.stage("a.837", source, digest)
    assert list(way.outbound.iterdir()) == []
    transport.close()


def test_a_source_that_changed_underway_is_damaged_and_removed(way):
    source, _ = way.source(b"now")
    with pytest.raises(DamagedTransferError):
        way.transport.stage("a.837", source, hashlib.sha256(b"then").hexdigest())
    assert list(way.outbound.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../a", "a/b", "", "..", "/etc/x", "a\\b", "a\nb", "a" * 201, "é" * 101, "c:x"]
)
def test_a_name_with_a_path_in_it_is_refused(way, name):
    source, digest = way.source(b"x")
    with pytest.raises(InputError):
        way.transport.stage(name, source, digest)
    with pytest.raises((InputError, FileNotFoundError, TemporaryError)):
        way.transport.get(RemoteFile(name=name, size=1), way.here)
    assert [path.name for path in way.here.iterdir()] == ["source"]


TRICKS = {
    "parent": "..", "path": "../a", "absolute": "/a", "backslash": "..\\a", "NUL byte": "a\0b", "line break": "a\nb.835",
    "escape": "a\x1b[2J", "device": "NUL", "device with an ending": "con.835", "leading dash": "-rf", "too long": "a" * 201,
    "too long in bytes": "\u00e9" * 101, "full width dots": "\uff0e\uff0e", "full width dash": "\uff0drf",
    "full width slash": "a\uff0fb", "division slash": "a\u2215b", "fraction slash": "a\u2044b", "right to left": "a\u202eb",
    "zero width": "a\u200bb", "blank at the end": "a.835 ", "drive": "c:a", "lone surrogate": "a\ud800",
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_a_tricky_name_is_no_plain_one_and_has_a_safe_one(trick):
    name = TRICKS[trick]
    assert not is_plain(name)
    assert is_plain(safe_name(name))
    assert safe_name(name) not in {safe_name(other) for other in TRICKS.values() if other != name}


@pytest.mark.parametrize("trick", ["parent", "path", "absolute", "NUL byte"])
def test_a_name_that_leads_out_of_the_folder_is_refused(trick, tmp_path):
    with pytest.raises(InputError, match="is that of no file") as refused:
        FolderTransport(tmp_path, tmp_path).get(RemoteFile(name=TRICKS[trick], size=1), tmp_path)
    assert str(refused.value).isprintable()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["a.835", "A-1.x12", "null.txt", "console.835", "\u00e9t\u00e9 (2).txt", "a" * 200, "a..b", "COM.835"],
)
def test_an_honest_name_is_plain(name):
    assert is_plain(name)


ODD = {
    b"-rf": "%2Drf", b"NUL.835": "%4EUL.835", b"a\nb.835": "a%0Ab.835", "a\uff0fb".encode(): "a%EF%BC%8Fb",
    b"a\\b": "a%5Cb", b"a:b.835": "a%3Ab.835", b"rem\xe9sa.835": "rem%E9sa.835", b" a.835": "%20a.835",
    b"a" * 240 + b".835": None,
}  # fmt: skip


@pytest.mark.parametrize("after", ["archive", "delete", "keep"])
def test_a_file_with_an_odd_name_is_fetched_under_a_safe_one(way, after):
    transport = way.made(after)
    content = {os.fsdecode(name): str(number).encode() for number, name in enumerate(ODD)}
    for name, data in content.items():
        (way.inbound / name).write_bytes(data)
    listed = transport.listing()
    assert {one.name for one in listed} == set(content)
    for one in listed:
        path = transport.get(one, way.here)
        assert path.read_bytes() == content[one.name]
        assert ODD[os.fsencode(one.name)] in (None, path.name)
        assert transport.settle(one, hashlib.sha256(content[one.name]).hexdigest())
    assert len(list(way.here.iterdir())) == len(ODD)
    assert len(transport.listing()) == (len(ODD) if after == "keep" else 0)
    transport.close()


def test_listing_leaves_what_is_hidden_or_no_file(way):
    for name in ("..\u2215c", ".a.835", "a.835.part", "a:b.tmp", "good.835"):
        (way.inbound / name).write_bytes(b"1234")
    os.mkfifo(way.inbound / "pipe.835")
    (way.inbound / "zero.835").symlink_to("/dev/zero")
    assert [file.name for file in way.transport.listing()] == ["good.835"]


def test_a_file_that_is_not_of_the_size_that_was_listed_is_not_taken(way):
    for told, there in ((3, b"grown and growing"), (1 << 40, b"small")):
        (way.inbound / "a.835").write_bytes(there)
        with pytest.raises(DamagedTransferError):
            way.transport.get(msgspec.structs.replace(way.offered("a.835"), size=told), way.here)
    assert list(way.here.iterdir()) == []


def test_a_file_larger_than_what_is_asked_for_ahead_comes_and_goes_whole(way):
    content = b"0123456789abcdef" * 560_000 + b"end"
    (way.inbound / "a.835").write_bytes(content)
    assert way.transport.get(way.offered("a.835"), way.here).read_bytes() == content
    way.put("a.837", content)
    assert way.transport.look("a.837", hashlib.sha256(content).hexdigest(), len(content)) is Whereabouts.THERE


def test_nothing_of_a_server_is_logged_on_stderr(server, capfd):
    server.faults.rate = 1.0
    with pytest.raises(TemporaryError):
        listed(server)
    assert capfd.readouterr().err == ""


def test_what_came_is_private_whatever_the_umask(way):
    (way.inbound / "a.835").write_bytes(b"money")
    before = os.umask(0)
    try:
        assert way.transport.get(way.offered("a.835"), way.here).stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_listing_leaves_unfinished_files_alone(way):
    for name in ("b.835", "a.835", ".hidden", "c.835.part", "d.tmp", "e.filepart"):
        (way.inbound / name).write_bytes(b"1234")
    (way.inbound / "folder").mkdir()
    assert [(file.name, file.size) for file in way.transport.listing()] == [("a.835", 4), ("b.835", 4)]


@pytest.mark.parametrize(
    ("after", "left", "archived"), [("archive", [], ["a.835"]), ("delete", [], []), ("keep", ["a.835"], [])]
)
def test_get_then_settle(way, after, left, archived):
    (way.inbound / "a.835").write_bytes(b"money")
    way.transport = way.made(after)
    file = way.offered("a.835")
    assert way.transport.get(file, way.here).read_bytes() == b"money"
    assert way.transport.get(file, way.here).read_bytes() == b"money", "the same file twice is no error"
    assert way.transport.settle(file, hashlib.sha256(b"money").hexdigest())
    assert [path.name for path in way.inbound.iterdir() if path.is_file()] == left
    archive = way.inbound / "archive"
    assert ([path.name for path in archive.iterdir()] if archive.exists() else []) == archived
    assert [path.name for path in way.here.iterdir()] == ["a.835"]


def test_a_name_that_is_used_again_keeps_both_files(way):
    for content in (b"monday", b"tuesday", b"tuesday"):
        (way.inbound / "a.835").write_bytes(content)
        file = way.offered("a.835")
        assert way.transport.get(file, way.here).read_bytes() == content
        assert way.transport.settle(file, hashlib.sha256(content).hexdigest())
    assert sorted(path.read_bytes() for path in way.here.iterdir()) == [b"monday", b"tuesday"]
    archived = sorted(path.read_bytes() for path in (way.inbound / "archive").iterdir())
    assert set(archived) == {b"monday", b"tuesday"}


@pytest.mark.parametrize("after", ["archive", "delete"])
def test_settle_leaves_a_file_that_is_not_the_one_fetched(way, after):
    (way.inbound / "a.835").write_bytes(b"gro")
    way.transport = way.made(after)
    file = way.offered("a.835")
    (way.inbound / "a.835").write_bytes(b"grown")
    assert not way.transport.settle(file, hashlib.sha256(b"gro").hexdigest())
    assert (way.inbound / "a.835").read_bytes() == b"grown"


@pytest.fixture
def server(tmp_path):
    for name in ("out", "in", "here"):
        (tmp_path / name).mkdir()
    with SftpServer(tmp_path) as running:
        yield running


def listed(server: SftpServer, **more: object) -> list[str]:
    transport = SftpTransport(partner_of(server, **more))
    try:
        return [one.name for one in transport.listing()]
    finally:
        transport.close()


def test_a_server_with_another_key_is_not_talked_to(server):
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ2YWx1ZSBvZiBhIGtleSB0aGF0IGlzIG5vdCBo"
    with pytest.raises(AccessError, match="SHA256:"):
        listed(server, host_keys=(other,))


def test_a_wrong_password_is_said_without_it(server):
    with pytest.raises(AccessError, match="refuses") as caught:
        listed(server, password="wrong word")  # pragma: allowlist secret
    assert "wrong word" not in str(caught.value)
    assert "wrong word" not in repr(partner_of(server, password="wrong word"))  # pragma: allowlist secret


def test_a_key_file_opens_the_door(server, tmp_path):
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519")
    path = tmp_path / "id"
    path.write_bytes(key.export_private_key(passphrase="phrase"))
    with pytest.raises(AccessError, match="cannot be used"):
        listed(server, key_file=path, password="")
    with pytest.raises(AccessError, match="refuses"):
        listed(server, key_file=path, passphrase="phrase", password="")
    server.stop()
    server.authorized = asyncssh.import_authorized_keys(key.export_public_key().decode())
    server.start()
    assert listed(server, key_file=path, passphrase="phrase", password="") == []


def test_a_server_that_is_away_is_temporary(server):
    server.stop()
    with pytest.raises(TemporaryError):
        listed(server)


def test_a_folder_that_is_not_there_is_named(server):
    with pytest.raises(InputError, match="/nowhere"):
        listed(server, inbound="/nowhere")


def test_keys_are_read_from_known_hosts(server, tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n", encoding="utf-8")
    assert host_key_lines(known, "127.0.0.1", server.port) == (server.host_key,)
    with pytest.raises(SettingsError, match="no key of"):
        host_key_lines(known, "example.org", 22)
    with pytest.raises(SettingsError, match="not a key"):
        listed(server, host_keys=("nonsense",))


def test_a_connection_that_was_lost_is_made_again(server, tmp_path):
    (tmp_path / "in" / "a.835").write_bytes(b"x")
    transport = SftpTransport(partner_of(server))
    assert [one.name for one in transport.listing()] == ["a.835"]
    server.restart()
    with pytest.raises(TemporaryError):
        transport.listing()
    assert [one.name for one in transport.listing()] == ["a.835"]
    transport.close()
