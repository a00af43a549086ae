"""Runs Lua 5.1 as in the server, with `redis.call`, `redis.pcall` and `cmsgpack`."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from typing import Any, Final

import msgpack
from lupa import lua51

from tests.world.redis.commands import Reply, Status
from tests.world.redis.store import CommandError

_PRELUDE: Final = """
local ask, pack, unpack_, hash = ...
redis = {}
function redis.call(...)
  local answer, fault = ask(...)
  if fault then error({err = fault}) end
  return answer
end
function redis.pcall(...)
  local answer, fault = ask(...)
  if fault then return {err = fault} end
  return answer
end
function redis.error_reply(text) return {err = text} end
function redis.status_reply(text) return {ok = text} end
function redis.sha1hex(text) return hash(text) end
cmsgpack = {}
function cmsgpack.pack(...) return pack(...) end
function cmsgpack.unpack(text)
  local answer, fault = unpack_(text)
  if fault then error(fault) end
  return answer
end
os, io, package, require, dofile, loadfile, python = nil, nil, nil, nil, nil, nil, nil
function list_of(...) return {...} end
-- Whether a script has failed; and with what, as the server has it from an error.
function run_script(script, keys, arguments)
  local done, answer = pcall(script, keys, arguments)
  if done then return true, answer end
  if type(answer) == 'table' then return false, answer.err end
  return false, answer
end
"""

MOST_ARGUMENTS: Final = 100
"""How many values are given to a Lua function at once: lupa's own way to make a table of a list
asks what kind of list it is, which costs more than the table; but Lua's stack is limited."""

Ask = Callable[[list[bytes]], Reply]


class Scripts:
    """The scripts of one server."""

    def __init__(self) -> None:
        self._lua = lua51.LuaRuntime(encoding=None, unpack_returned_tuples=True)
        self._texts: dict[bytes, Any] = {}
        self._ask: Ask = _nobody
        prelude = self._lua.compile(_PRELUDE.encode())
        prelude(self._command, self._pack, self._unpack, _sha1hex)
        self._run = self._lua.globals()[b"run_script"]
        self._list: Callable[..., Any] = self._lua.globals()[b"list_of"]
        self._type: Callable[[Any], Any] = lua51.lua_type

    def load(self, text: bytes) -> bytes:
        """Loads a script, and returns its hash. Raises CommandError."""
        sha = _sha1hex(text)
        if sha not in self._texts:
            try:
                self._texts[sha] = self._lua.compile(b"local KEYS, ARGV = ...\n" + text)
            except lua51.LuaSyntaxError as error:
                raise CommandError(f"ERR Error compiling script (new function): {error}") from None
        return sha

    def knows(self, sha: bytes) -> bool:
        return sha in self._texts

    def forget(self) -> None:
        """Forgets all scripts, as a restart does."""
        self._texts.clear()

    def run(self, sha: bytes, keys: list[bytes], args: list[bytes], ask: Ask) -> Reply:
        """Runs a script; `ask` executes a command. Raises CommandError."""
        self._ask = ask
        try:
            done, answer = self._run(self._texts[sha], self._table(keys), self._table(args))
        finally:
            self._ask = _nobody
        if done:
            return self._reply(answer)
        text = answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
        first = text.split(" ", 1)[0]
        if not (first.isupper() and first.isalpha()):
            text = f"ERR {text}"
        raise CommandError(f"{text} script: {sha.decode()}, on @user_script:1.")

    def _table(self, values: list[Any]) -> Any:
        if len(values) <= MOST_ARGUMENTS:
            return self._list(*values)
        return self._lua.table_from(values)

    # --- From Lua --------------------------------------------------------------------------------

    def _command(self, *args: Any) -> tuple[Any, Any]:
        try:
            asked = [arg if type(arg) is bytes else _text(arg) for arg in args]
            answer = self._ask(asked)
            kind = type(answer)
            return answer if kind is bytes or kind is int else self._answer(answer), None
        except CommandError as error:
            return None, str(error).encode()

    def _pack(self, *values: Any) -> bytes:
        # A text is written as str, whatever bytes it contains.
        return b"".join(
            msgpack.packb(self._plain(value), unicode_errors="surrogateescape") for value in values
        )

    def _unpack(self, data: Any) -> tuple[Any, Any]:
        try:
            value = msgpack.unpackb(data, raw=True, strict_map_key=False)
        except (ValueError, TypeError) as error:
            return None, f"Bad data format in input. {error}".encode()
        return self._lua_value(value), None

    def _plain(self, value: Any) -> Any:
        if isinstance(value, bytes):
            return value.decode("utf-8", "surrogateescape")
        if isinstance(value, float) and value == int(value):
            return int(value)
        if lua51.lua_type(value) == "table":
            return [self._plain(value[at]) for at in range(1, len(value) + 1)]
        return value

    def _lua_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return self._table([self._lua_value(each) for each in value])
        if isinstance(value, dict):
            return self._lua.table_from({k: self._lua_value(each) for k, each in value.items()})
        return value

    # --- Replies ---------------------------------------------------------------------------------

    def _answer(self, reply: Reply) -> Any:
        """Returns a reply in the form that scripts see."""
        if type(reply) is list:
            plain = [
                each if type(each) is bytes or type(each) is int else self._answer(each)
                for each in reply
            ]
            return self._table(plain)
        if reply is None:
            return False
        if isinstance(reply, Status):
            return self._lua.table_from({b"ok": reply.encode()})
        return reply

    def _reply(self, value: Any) -> Reply:
        """Returns the reply that a script's value makes."""
        if isinstance(value, bytes):
            return value
        if value is None or value is False:
            return None
        if value is True:
            return 1
        if isinstance(value, int | float):
            return int(value)
        fault = value[b"err"]
        if fault is not None:
            raise CommandError(fault.decode(errors="replace"))
        status = value[b"ok"]
        if status is not None:
            return Status(status.decode())
        found: list[Reply] = []
        while (each := value[len(found) + 1]) is not None:
            found.append(self._reply(each))
        return found


def _nobody(_args: list[bytes]) -> Reply:
    raise AssertionError("no script runs")


def _sha1hex(data: Any) -> bytes:
    return sha1(_text(data), usedforsecurity=False).hexdigest().encode()


def _text(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, float):
        return b"%d" % int(value) if value == int(value) and abs(value) < 1e17 else b"%.17g" % value
    if isinstance(value, int) and not isinstance(value, bool):
        return b"%d" % value
    raise CommandError("ERR Lua redis lib command arguments must be strings or integers")
