"""A small disk for a store, which can be filled, and which a failure can make read-only while files on it are open."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = 60_000_000
"""Bytes of the disk."""

CLEAN = (0, 1)
"""Exit codes of a check that found no mistake, or mended all."""


class Disk:
    """A file system in a file, mounted at a path, which is made read-only as one is that meets a failure of its device."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "disk"
        self._image = folder / "image"
        self._ballast = self.path / "ballast"

    def make(self) -> None:
        """Make the file system, and mount it.

        Raises:
            OSError: this is not allowed here.
        """
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(SIZE)
        self._mount("mkfs.ext4", "-q", "-F", str(self._image))

    def fill(self) -> None:
        """Leave no room on it."""
        try:
            with self._ballast.open("wb", buffering=0) as file:
                while file.write(bytes(65_536)) == 65_536:
                    pass
        except OSError:
            pass

    def make_room(self) -> None:
        """Give the room back, if it was taken."""
        self._ballast.unlink(missing_ok=True)

    def break_down(self) -> None:
        """Have it fail, so that nothing can be written any more.

        Nobody may write meanwhile: a file system that fails under a write may lose what it called written.
        """
        _run("sync", "--file-system", str(self.path))
        source = _run("findmnt", "--noheadings", "--output", "SOURCE", str(self.path)).stdout.strip()
        Path("/sys/fs/ext4", Path(source).name, "trigger_fs_error").write_text("the device is said to fail")

    def repair(self) -> None:
        """Check it once nobody uses it, and mount it again."""
        self.unmount()
        self._mount("e2fsck", "-f", "-y", str(self._image))

    def unmount(self) -> None:
        """Take it away, once those that have just ended have let go of it."""
        for _ in range(100):
            if _run("umount", str(self.path)).returncode == 0:
                return
            time.sleep(0.05)
        raise OSError(f"{self.path} is in use")

    def _mount(self, *prepare: str) -> None:
        for command, codes in (
            (prepare, CLEAN),
            (("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.path)), (0,)),
        ):
            ended = _run(*command)
            if ended.returncode not in codes:
                raise OSError(f"{' '.join(command)}: {ended.stderr}")


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk | None]:
    """Mount a small disk in a folder, where that is allowed."""
    disk = Disk(folder)
    try:
        disk.make()
    except OSError:
        yield None
        return
    try:
        yield disk
    finally:
        disk.unmount()


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)
