"""A plain folder as a BlobStore, for one machine: each blob is a file under its own name.

    FOLDER/usage/report=R/...csv.gz                  the bytes
    FOLDER/.metadata/usage/report=R/...csv.gz.json   what is known of them
    FOLDER/.staged/                                  what is not a blob yet

Whoever writes holds a lock, which the operating system takes back from a process that dies. Metadata are written first,
so that the file, which appears in one step, is never there without them. Nobody who reads waits.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import IO, NamedTuple
from urllib.parse import unquote, urlsplit

from shared.archive.blob_store import BlobStore, ListedBlob, StoredBlob
from shared.domain.errors import ArchiveUnavailable

_OWNER_ALONE = 0o700
_NO_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_TRIES = 200 if sys.platform == "win32" else 0
"""How often Windows is asked again, in hundredths of a second: it moves and deletes no file that somebody reads."""
_STAGED_SECONDS = 7 * 86400
"""How long a block waits for its commit, as in Azure."""


class _Version(NamedTuple):
    """What is known of the bytes of a blob."""

    md5: str
    etag: str
    metadata: Mapping[str, str]


class FolderBlobStore(BlobStore):
    """The containers in one folder, which several threads and processes may use at once."""

    def __init__(self, folder: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`clock` answers UTC. The folder is made when it is first written to."""
        self._clock = clock
        self._folder = str(with_long_paths(folder))
        self._staged = os.path.join(self._folder, ".staged")
        self._lock_file = os.path.join(self._folder, ".lock")

    @classmethod
    def at(cls, url: str, clock: Callable[[], datetime] | None = None) -> FolderBlobStore:
        """Return the store in the folder of a URL such as file:///home/ann/archive."""
        path = unquote(urlsplit(url).path)
        folder = Path(path.removeprefix("/") if path[2:3] == ":" else path)  # file:///C:/archive
        return cls(folder, clock) if clock else cls(folder)

    def now(self) -> datetime:
        """Return the time of this machine, in UTC."""
        return self._clock()

    def list(self, container: str, prefix: str = "") -> Iterator[ListedBlob]:
        """Yield the blobs whose names begin with `prefix`, by name."""
        with _our_errors():
            for name in self._names(container, prefix):
                with suppress(*_NO_FILE):  # deleted meanwhile
                    known = self._version(container, name)
                    yield ListedBlob(name, known.metadata, bytes.fromhex(known.md5) or None)

    def list_folders(self, container: str, prefix: str = "", delimiter: str = "/") -> Iterator[str]:
        """Yield what names that begin with `prefix` have up to the next `delimiter` after that, with it."""
        with _our_errors():
            if delimiter == "/":
                folder, _, start = prefix.rpartition("/")
                for name, path in _entries(self._file(container, folder), start):
                    if not name.endswith("/") or next(_files(path, ""), None):
                        yield prefix.removesuffix(start) + name
            else:
                heads = (name.removeprefix(prefix).partition(delimiter) for name in self._names(container, prefix))
                yield from dict.fromkeys(prefix + head + end for head, end, _ in heads)

    def get(self, container: str, name: str, start: int = 0, length: int | None = None) -> StoredBlob | None:
        """Return a blob, or up to `length` of its bytes from `start` on; None if there is none of that name."""
        with _our_errors(), suppress(*_NO_FILE):
            while True:
                known = self._version(container, name)
                with open(self._file(container, name), "rb") as file:
                    file.seek(start)
                    content = file.read(-1 if length is None else length)
                if self._version(container, name) == known:  # and so it was while the bytes were read
                    return StoredBlob(content, known.metadata, known.etag)
        return None

    def replace_if(
        self, container: str, name: str, content: bytes, metadata: Mapping[str, str], etag: str | None
    ) -> bool:
        """Write a blob over the one that has this ETag; None: where there is none."""
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        with _our_errors():
            staged = self._kept_aside(content)
            with self._locked():
                return self._put(container, name, staged, _Version(md5, _new_etag(), dict(metadata)), etag)

    def stage(self, container: str, name: str, content: IO[bytes]) -> str:
        """Keep all of `content` as a block of a future blob."""
        block = token_hex(16)
        with _our_errors():
            self._make_folders()
            self._forget_blocks()
            content.seek(0)
            with open(self._block(block), "xb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
        return block

    def commit(self, container: str, name: str, blocks: Sequence[str], metadata: Mapping[str, str]) -> bool:
        """Make a blob of staged blocks, unless there is one of that name or the blocks are gone."""
        with _our_errors(), self._locked():
            whole, md5 = self._block(token_hex(16)), hashlib.md5(usedforsecurity=False)
            try:
                with open(whole, "xb") as file:
                    for block in blocks:
                        with open(self._block(block), "rb") as part:
                            while piece := part.read(1 << 20):
                                file.write(piece)
                                md5.update(piece)
            except FileNotFoundError:
                os.unlink(whole)
                return False
            is_written = self._put(container, name, whole, _Version(md5.hexdigest(), _new_etag(), dict(metadata)), None)
            for block in blocks:
                os.unlink(self._block(block))
            return is_written

    def delete(self, container: str, name: str, *, with_versions: bool = True) -> None:
        """Delete a blob; nothing if there is none of that name."""
        with _our_errors(), self._locked():
            for file in (self._file(container, name), self._metadata_file(container, name)):
                with suppress(FileNotFoundError):
                    patiently(partial(os.unlink, file))
                with suppress(OSError):  # the first folder that is not empty, or not there
                    for folder in islice(Path(file).parents, name.count("/")):
                        folder.rmdir()

    def _put(self, container: str, name: str, staged: str, new: _Version, etag: str | None) -> bool:
        """Move a staged file to its place, and return True; False if what is there has another ETag. Needs the lock."""
        file, old = self._file(container, name), None
        with suppress(FileNotFoundError):
            old = self._version(container, name)
        if (old and old.etag) != etag:
            os.unlink(staged)
            return False
        if old:
            self._keep_versions(container, name, [old, new])
            self._move(staged, file)
            self._keep_versions(container, name, [new])
        else:  # in place, as nobody reads them before there is the file
            path = self._metadata_file(container, name)
            self._make_folder_of(path)
            with open(path, "wb") as metadata:
                metadata.write(json.dumps([new]).encode())
            self._move(staged, file)
        return True

    def _version(self, container: str, name: str) -> _Version:
        """Return what is known of a blob. Raise FileNotFoundError if there is none.

        Where a writer stopped between metadata and bytes, or is between them, there are two versions, and the bytes
        tell which it is. Nothing is known of a file that somebody else put there, or whose metadata are damaged.
        """
        file = self._file(container, name)
        status = os.stat(file)
        try:
            versions = [_Version(*each) for each in json.loads(_read(self._metadata_file(container, name)))]
        except (FileNotFoundError, ValueError, TypeError):
            return _Version("", f'"{status.st_mtime_ns:x}-{status.st_size:x}"', {})
        if len(versions) > 1:
            md5 = hashlib.md5(_read(file), usedforsecurity=False).hexdigest()
            return next((each for each in reversed(versions) if each.md5 == md5), versions[0])
        return versions[0]

    def _keep_versions(self, container: str, name: str, versions: Sequence[_Version]) -> None:
        self._move(self._kept_aside(json.dumps(versions).encode()), self._metadata_file(container, name))

    def _kept_aside(self, content: bytes) -> str:
        """Return the path of a new file with this content that is not a blob yet."""
        path = self._block(token_hex(16))
        with open(path, "xb", opener=self._opened) as file:
            file.write(content)
        return path

    def _move(self, staged: str, file: str) -> None:
        """Move a staged file to its place, in a folder that may not be there yet."""
        try:
            patiently(partial(os.replace, staged, file))
        except FileNotFoundError:
            self._make_folder_of(file)
            patiently(partial(os.replace, staged, file))

    def _make_folder_of(self, file: str) -> None:
        """Make the folder in which a file is to lie, in a container for its owner alone."""
        top = os.path.join(self._folder, file[len(self._folder) + 1 :].partition(os.sep)[0])
        if not os.path.isdir(top):
            os.makedirs(top, _OWNER_ALONE, exist_ok=True)
        os.makedirs(os.path.dirname(file), exist_ok=True)

    def _names(self, container: str, prefix: str) -> Iterator[str]:
        folder, slash, start = prefix.rpartition("/")
        for name in _files(self._file(container, folder), start):
            yield folder + slash + name

    def _file(self, container: str, name: str) -> str:
        if ".." in name.split("/") or name.startswith("/"):
            raise ArchiveUnavailable("This is no name of a blob.")
        return os.path.join(self._folder, container, name.replace("/", os.sep))

    def _metadata_file(self, container: str, name: str) -> str:
        return os.path.join(self._folder, ".metadata", container, f"{name}.json".replace("/", os.sep))

    def _block(self, block: str) -> str:
        return os.path.join(self._staged, block)

    def _make_folders(self) -> None:
        """Make what is needed to write, for its owner alone."""
        for folder in (self._folder, self._staged):
            os.makedirs(folder, _OWNER_ALONE, exist_ok=True)

    def _forget_blocks(self) -> None:
        """Delete blocks that nobody committed."""
        too_old = time.time() - _STAGED_SECONDS
        for staged in os.listdir(self._staged):
            with suppress(FileNotFoundError):
                if os.stat(self._block(staged)).st_mtime < too_old:
                    os.unlink(self._block(staged))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let no other thread or process write."""
        descriptor = self._opened(self._lock_file, os.O_RDWR | os.O_CREAT)
        try:
            _lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _opened(self, path: str, flags: int) -> int:
        """Return a descriptor of a file that is no blob; what is needed to write is made if it is missing."""
        try:
            return os.open(path, flags, 0o600)
        except FileNotFoundError:
            self._make_folders()
            return os.open(path, flags, 0o600)


def patiently(action: Callable[[], object], tries: int = _TRIES, pause: Callable[[float], object] = time.sleep) -> None:
    """Do something to a file, again and again while it is refused because somebody reads it. Raise PermissionError."""
    for _ in range(tries):
        with suppress(PermissionError):
            action()
            return
        pause(0.01)
    action()


def with_long_paths(folder: Path) -> Path:
    """Return the folder by a name below which Windows too takes paths of more than 260 characters."""
    return Path(extended(str(folder.absolute()))) if sys.platform == "win32" else folder


def extended(path: str) -> str:
    r"""Return an absolute path of Windows as one of any length: \\?\C:\archive, or \\?\UNC\server\share for a share."""
    if path.startswith("\\\\?\\"):
        return path
    return "\\\\?\\UNC" + path[1:] if path.startswith("\\\\") else "\\\\?\\" + path


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _files(folder: str, start: str) -> Iterator[str]:
    """Yield the paths of all files below a folder that begin with `start`, in the order of the paths."""
    for name, path in _entries(folder, start):
        if name.endswith("/"):
            for below in _files(path, ""):
                yield name + below
        else:
            yield name


def _entries(folder: str, start: str) -> list[tuple[str, str]]:
    """Return what is in a folder, with a slash after folders, by name; nothing if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.name.startswith(start)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted((entry.name + "/" * entry.is_dir(), entry.path) for entry in found)


def _new_etag() -> str:
    return f'"{token_hex(16)}"'


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveUnavailable(f"The folder of the archive does not answer as it should: {error.strerror}.") from None
