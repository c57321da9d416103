"""A session on Ray: one that is started here, for this program alone, or a connection to a cluster that runs already.

Ray asks for a token always: whoever reaches its ports without one is refused. A Ray that is started here listens on the
loopback interface only and opens no connection to other machines; `surroundings.isolated` says what that takes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from faceindex.cluster.held_folder import HeldFolder
from faceindex.cluster.surroundings import Environment, isolated, nothing_printed, same_signals, silenced
from faceindex.cluster.token import token_here, token_of_cluster
from faceindex.errors import MachineError, UsageError

STARTED = "ray"
"""The address that starts Ray on this machine."""

OBJECT_STORE = 200 << 20
"""Bytes of shared memory for objects, in a Ray that is started here."""

LOOPBACK = "127.0.0.1"

_CLIENT = "ray://"
_ANSWER_SECONDS = 10.0
_STARTS = 2  # a machine that is very busy may need a second one
_LONGEST_FOLDER = 28
"""Characters of the temporary folder's path: we add 14, Ray up to 65, and a socket's path may have 107."""

_RAY = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_REPORT_URL": f"http://{LOOPBACK}:9",  # where nobody listens: Ray also reports that it does not
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # its own address is then the loopback's, else it asks a public server
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_RAY_HERE = {
    "RAY_memory_monitor_refresh_ms": "0",  # it would end actors; workers have limits of their own
    "RAY_gcs_server_port_wait_time_s": "120",  # seconds for which a busy machine is waited for
    "RAY_NUM_REDIS_GET_RETRIES": "60",
    "RAY_enable_metrics_collection": "0",  # nobody reads them
    "RAY_event_stats": "0",
}
_RAY_ELSEWHERE = {"RAY_NUM_REDIS_GET_RETRIES": "5"}  # seconds for which one that refuses the token is asked again


def needs_ray() -> None:
    """Raises: UsageError if Ray is not installed."""
    if find_spec("ray") is None:
        raise UsageError("work on Ray needs ray: pip install 'faceindex[cluster]'")


class RaySession:
    """Ray, ready for actors and objects; `close` ends what was started here.

    address: as given. module: `ray`, so that no other module imports it before the environment is right.

    A Ray that this program had started or connected to before is used and left as it is. On Linux the daemons end with
    the thread that starts the session, which must last as long.
    """

    def __init__(self, address: str = STARTED, *, cpus: int | None = None, object_store: int = OBJECT_STORE) -> None:
        """address: "ray" starts Ray on this machine; "ray://HOST:PORT" is the Ray Client server of a cluster;
        "HOST:PORT" its head, from a machine that belongs to the cluster.

        cpus: how many it may use, of a Ray that is started here; default: all. object_store: bytes, likewise.

        Raises: UsageError for another address, or if Ray is not installed; MachineError if it does not start or answer,
        or refuses the token.
        """
        needs_ray()
        self.address = address
        self._folder: HeldFolder | None = None
        self._ours = False
        self._quiet = contextlib.ExitStack()
        host, port = _place(address)
        with contextlib.ExitStack() as failing:
            failing.callback(self.close)
            self._environment = Environment(_RAY | (_RAY_ELSEWHERE if host else _RAY_HERE))
            self.module = _imported()
            if not self.module.is_initialized():
                self._ours = True
                self._quiet.enter_context(nothing_printed(self.module))
                if host:
                    self._connect(host, port)
                else:
                    self._start(cpus, object_store)
            failing.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the Ray that was started here, or the connection; nothing for one that the program had before."""
        if self._ours:
            self._ours = False
            with contextlib.suppress(Exception):  # it may have died before
                self.module.shutdown()
        if self._folder is not None:
            self._folder.remove()
            self._folder = None
        self._quiet.close()
        self._environment.restore()

    @property
    def folder(self) -> Path:
        """The private folder of a Ray that was started here."""
        if self._folder is None:
            raise UsageError(f"Ray at {self.address} was not started here")
        return self._folder.path

    def _start(self, cpus: int | None, object_store: int) -> None:
        self._folder = HeldFolder("fi-", _short_folder())
        self._environment.set(token_here(self.folder))
        _forget_token(self.module)
        own_home = {"env_vars": {"HOME": os.environ["HOME"]}} if "HOME" in os.environ else None
        for attempt in reversed(range(_STARTS)):
            try:
                with isolated(self.folder), same_signals():
                    self.module.init(
                        num_cpus=cpus,
                        include_dashboard=False,
                        object_store_memory=object_store,
                        runtime_env=own_home,
                        **_QUIET,
                        _node_ip_address=LOOPBACK,
                        _temp_dir=str(self.folder / "r"),  # open to all by its mode, but within ours
                    )
                _end_unused(self.module)
                return
            except Exception as error:  # it raises errors of many kinds
                with contextlib.suppress(Exception):
                    self.module.shutdown()
                if not attempt:
                    raise MachineError(f"Ray does not start: {_in_words(error)}") from error

    def _connect(self, host: str, port: int) -> None:
        self._environment.set(token_of_cluster())
        _forget_token(self.module)
        own = _own_address(host, port, self.address)
        with_node = {} if self.address.startswith(_CLIENT) else {"_node_ip_address": own}
        try:
            with silenced(), same_signals(), warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # of what the error below says
                self.module.init(self.address, **_QUIET, **with_node)
        except Exception as error:
            said = _in_words(error)
            by_path = os.environ.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token"
            whose = "RAY_AUTH_TOKEN" if os.environ.get("RAY_AUTH_TOKEN") else by_path
            if "InvalidAuthToken" in _chain(error):
                raise MachineError(f"Ray at {self.address} refuses the token in {whose}") from error
            doubt = "; is it alive, and is the token in {} its own?" if "timeout" in said else ""
            raise MachineError(f"Ray at {self.address} cannot be used: {said}{doubt.format(whose)}") from error


_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}


def _imported() -> Any:
    """The module `ray`, which reads the environment when it is imported first."""
    early = "ray" in sys.modules
    import ray

    if early:
        from ray._private import ray_constants

        ray._raylet.Config.initialize("")
        ray_constants.ENABLE_RAY_CLUSTER = False
    return ray


def _end_unused(ray: Any) -> None:
    """End the daemons that `ray.init` cannot leave out: they take a third of the processor time of an idle Ray.

    One sends logs to drivers, which is off; one asks for more machines; and one is the dashboard, without its pages.
    """
    node = ray._private.worker._global_node
    for end in (node.kill_log_monitor, node.kill_monitor, node.kill_dashboard):
        end(check_alive=False)


def _forget_token(ray: Any) -> None:
    """Ray keeps the first token that it has read; another session may have another one."""
    ray._raylet.AuthenticationTokenLoader.instance().reset_cache()


def _place(address: str) -> tuple[str, int]:
    """Host and port of an address; an empty host for Ray on this machine. Raises: UsageError."""
    if address == STARTED:
        return "", 0
    host, _, port = address.removeprefix(_CLIENT).rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16 or "/" in host:
        raise UsageError(f"{address} is no place to work on; give ray, ray://HOST:PORT or HOST:PORT")
    return host.strip("[]"), int(port)


def _own_address(host: str, port: int, address: str) -> str:
    """This machine's address, as the cluster sees it. Raises: MachineError if nobody listens there."""
    try:
        with socket.create_connection((host, port), timeout=_ANSWER_SECONDS) as connection:
            return str(connection.getsockname()[0])
    except OSError as error:
        reason = error.strerror or str(error)
        raise MachineError(f"no Ray answers at {address}: {reason}; is it started, and is its port open?") from error


def _short_folder() -> str:
    folder = tempfile.gettempdir()
    return folder if len(folder) <= _LONGEST_FOLDER else "/tmp"


def _in_words(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].partition(". ")[0] if lines else type(error).__name__


def _chain(error: BaseException | None) -> str:
    """All that is said by an error and by what caused it."""
    said = []
    while error is not None:
        said.append(str(error))
        error = error.__cause__ or error.__context__
    return "\n".join(said)
