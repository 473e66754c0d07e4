"""Keys of SFTP servers and of ours: how known_hosts, the handshake and ssh-keygen spell them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import paramiko
from paramiko.hostkeys import InvalidHostKey

from edi.model.errors import AccessError, SettingsError


def host_key_lines(known_hosts: Path, host: str, port: int) -> tuple[str, ...]:
    """The keys that a known_hosts file has for a host, as ``SftpPartner.host_keys`` takes them; hashed names too.

    Raises:
        SettingsError: the file cannot be read, or has no key of the host.
    """
    try:
        entries = paramiko.HostKeys(str(known_hosts))
    except OSError as error:
        raise SettingsError(f"{known_hosts}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{known_hosts} is not UTF-8; save it as UTF-8") from None
    except (InvalidHostKey, paramiko.SSHException, ValueError) as error:
        said = f"line {error.line.strip()[:40]!r}" if isinstance(error, InvalidHostKey) else "a line"
        raise SettingsError(f"{known_hosts}: {said} holds no key; correct it or take it out") from None
    found = entries.lookup(host if port == 22 else f"[{host}]:{port}")
    if not found:
        raise SettingsError(f"{known_hosts} has no key of {host}; add what the partner published")
    return tuple(f"{kind} {found[kind].get_base64()}" for kind in found)


def host_key(line: str) -> tuple[str, bytes]:
    """Kind and bytes of a host key as known_hosts spells it; SettingsError when it is none."""
    parts = line.split()
    try:
        return parts[0], base64.b64decode(parts[1], validate=True)
    except (IndexError, ValueError):
        raise SettingsError("host_key is not a key; write it as in known_hosts: ssh-ed25519 AAAA…") from None


def same_kind(algorithm: str, key_type: str) -> bool:
    """Whether an algorithm of the handshake signs with a key of that type; RSA keys have several."""
    return algorithm == key_type or (key_type == "ssh-rsa" and algorithm.startswith("rsa-"))


def fingerprint(key: bytes) -> str:
    """As ssh-keygen -l prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def private_key(path: Path, passphrase: str) -> paramiko.PKey:
    """The key of a file; AccessError when it cannot be used."""
    try:
        return paramiko.PKey.from_path(path, passphrase.encode() or None)
    except (OSError, paramiko.SSHException, paramiko.UnknownKeyType, ValueError, TypeError) as error:
        raise AccessError(
            f"key_file {path} cannot be used ({type(error).__name__}); check file and passphrase"
        ) from None
