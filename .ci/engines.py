"""Two ways to build and run the image, read-only and without privileges: a Docker engine, or buildah and an OCI runtime."""

# ruff: noqa: S603, S607  the commands are our own

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

IMAGE = "batch-emulator:ci"
BASE = "python:3.11-slim"
INDEX = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT")
DATA = "/data"
"""Where a store is; all else that is mounted is only read."""
PATIENCE = 30.0
UID = 10_000 + os.getpid() % 50_000
"""A user that the image has never heard of."""


def run(*command: str, **options: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return str(done.stdout).strip()


def build_arguments() -> list[str]:
    """The Python version, and where this machine's packages come from; their values are taken from the environment."""
    indexes = [name for name in INDEX if os.environ.get(name, "").strip()]
    return ["--build-arg", "PYTHON=3.11", *(part for name in indexes for part in ("--build-arg", name))]


class Docker:
    """The engine as everybody has it."""

    shows = "Docker: the engine's own isolation"
    name = f"batch-emulator-ci-{os.getpid()}"

    def build(self) -> None:
        run("docker", "build", *build_arguments(), "--tag", IMAGE, ".")

    def size(self, image: str) -> str:
        return run("docker", "images", "--format", "{{.Size}}", image)

    def start(self, port: int, mounts: Mapping[str, Path], environment: Mapping[str, str]) -> None:
        variables = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
        mount = [
            part
            for place, folder in mounts.items()
            for part in ("--volume", f"{folder}:{place}" + ("" if place == DATA else ":ro"))
        ]
        locked = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]  # noqa: S108
        publish = ["--publish", f"127.0.0.1:{port}:8080", "--user", f"{UID}:{UID}", "--name", self.name]
        run("docker", "run", "--detach", *publish, *locked, *mount, *variables, IMAGE)

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["docker", "exec", self.name, *command], capture_output=True, text=True, check=False)

    def healthy(self) -> bool:
        return run("docker", "inspect", "--format", "{{.State.Health.Status}}", self.name) == "healthy"

    def end(self) -> float:
        """Sends SIGTERM, and returns the seconds until the container was gone."""
        began = time.monotonic()
        run("docker", "kill", "--signal", "TERM", self.name)
        run("docker", "wait", self.name, timeout=PATIENCE)
        return time.monotonic() - began

    def said(self) -> str:
        done = subprocess.run(["docker", "logs", self.name], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "--force", self.name], capture_output=True, check=False)

    def clean(self) -> None:
        """The image stays: the next build is quicker for it."""


class Buildah:
    """buildah builds, crun runs: an OCI bundle of the image's own configuration, on the network of this machine."""

    shows = "buildah and crun: a pid namespace and a read-only root of its own, but the machine's network and no cgroup"
    name = f"batch-emulator-ci-{os.getpid()}"
    # crun will not start where both kinds of cgroups are mounted; in a mount namespace of its own it sees one kind
    crun = (
        *("unshare", "--mount", "sh", "-c"),
        'umount /sys/fs/cgroup/unified 2>/dev/null; exec crun --cgroup-manager=disabled "$@"',
        "crun",
    )

    def __init__(self) -> None:
        os.environ |= {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
        self._container = ""
        self._bundle = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def build(self) -> None:
        # Docker's format, for OCI's has no HEALTHCHECK
        run("buildah", "bud", "--pull-never", "--format", "docker", *build_arguments(), "--tag", IMAGE, ".")
        self._container = run("buildah", "from", "--pull-never", f"localhost/{IMAGE}")
        self._root = run("buildah", "mount", self._container)
        self._image = json.loads(run("buildah", "inspect", "--type", "image", f"localhost/{IMAGE}"))["Docker"]["config"]

    def size(self, image: str) -> str:
        return run("buildah", "images", "--format", "{{.Size}}", image)

    def start(self, port: int, mounts: Mapping[str, Path], environment: Mapping[str, str]) -> None:
        self._bundle = Path(tempfile.mkdtemp(prefix="batch-emulator-"))
        run("crun", "spec", cwd=self._bundle)
        config = self._bundle / "config.json"
        spec = json.loads(config.read_text())
        self._configure(spec, {**environment, "EMULATOR_PORT": str(port)}, mounts)
        config.write_text(json.dumps(spec))
        command = [*self.crun, "run", "--bundle", str(self._bundle), self.name]
        with (self._bundle / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _configure(self, spec: dict[str, Any], environment: Mapping[str, str], mounts: Mapping[str, Path]) -> None:
        """What `docker run --read-only --user … --cap-drop ALL --tmpfs /tmp` would make of the image."""
        spec["root"] = {"path": self._root, "readonly": True}
        spec["process"] |= {
            "terminal": False,
            "user": {"uid": UID, "gid": UID},
            "args": [*self._image["Entrypoint"], *self._image["Cmd"]],
            "env": [*self._image["Env"], *(f"{name}={value}" for name, value in environment.items())],
            "capabilities": {},
            "noNewPrivileges": True,
        }
        linux = spec["linux"]
        linux.pop("resources", None)
        linux["namespaces"] = [space for space in linux["namespaces"] if space["type"] not in ("network", "cgroup")]
        spec["mounts"] = [mount for mount in spec["mounts"] if not mount["destination"].startswith("/sys")]
        spec["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]})  # noqa: S108
        for place, folder in mounts.items():
            options = ["rbind", "rw" if place == DATA else "ro"]
            spec["mounts"].append({"destination": place, "type": "bind", "source": str(folder), "options": options})

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        user = ("exec", "--user", f"{UID}:{UID}", self.name)
        return subprocess.run([*self.crun, *user, *command], capture_output=True, text=True, check=False)

    def healthy(self) -> bool:
        return self.inside(*self._image["Healthcheck"]["Test"][1:]).returncode == 0

    def end(self) -> float:
        """Sends SIGTERM, and returns the seconds until the container was gone."""
        assert self._process is not None  # noqa: S101
        began = time.monotonic()
        run(*self.crun, "kill", self.name, "TERM")
        self._process.wait(PATIENCE)
        return time.monotonic() - began

    def said(self) -> str:
        return (self._bundle / "log").read_text()

    def remove(self) -> None:
        subprocess.run([*self.crun, "delete", "--force", self.name], capture_output=True, check=False)
        if self._process is not None:
            self._process.wait(PATIENCE)
            shutil.rmtree(self._bundle)

    def clean(self) -> None:
        if self._container:
            run("buildah", "umount", self._container)
            run("buildah", "rm", self._container)
            run("buildah", "rmi", f"localhost/{IMAGE}")
