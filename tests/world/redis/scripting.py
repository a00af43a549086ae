"""Runs Lua 5.1 as in the server, with `redis.call`, `redis.pcall` and `cmsgpack`."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from typing import Any, Final

import msgpack
from lupa import lua51

from tests.world.redis.call import Reply, Status
from tests.world.redis.store import CommandError

_PRELUDE: Final = """
local ask, pack, unpack_, hash = ...
-- What a command has answered: `true` and the parts of a list, `false` and a fault, or `nil` and
-- the answer itself.
local function taken(kind, ...)
  if kind then return {...} end
  return (...)
end
redis = {}
local function called(kind, ...)
  if kind == false then error({err = (...)}) end
  return taken(kind, ...)
end
function redis.call(...) return called(ask(...)) end
local function pcalled(kind, ...)
  if kind == false then return {err = (...)} end
  return taken(kind, ...)
end
function redis.pcall(...) return pcalled(ask(...)) end
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
-- Runs a script, whose keys come before its other arguments. Returns whether it has failed; and
-- with what, as the server has it from an error; or its reply, of which a list of texts and numbers
-- is given as such.
function run_script(script, count, ...)
  local keys, arguments = {}, {...}
  if count > 0 then
    for i = 1, count do keys[i] = arguments[i] end
    arguments = {select(count + 1, ...)}
  end
  return run_with(script, keys, arguments)
end
function run_with(script, keys, arguments)
  local done, answer = pcall(script, keys, arguments)
  if not done then
    if type(answer) == 'table' then return false, answer.err end
    return false, answer
  end
  if type(answer) == 'table' and not answer.err and not answer.ok then
    for i = 1, #answer do
      local kind = type(answer[i])
      if kind ~= 'string' and kind ~= 'number' then return true, answer end
    end
    return nil, unpack(answer)
  end
  return true, answer
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
        self._run_with = self._lua.globals()[b"run_with"]
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
            if len(keys) + len(args) <= MOST_ARGUMENTS:
                answer = self._run(self._texts[sha], len(keys), *keys, *args)
            else:
                tables = self._table(keys), self._table(args)
                answer = self._run_with(self._texts[sha], *tables)
        finally:
            self._ask = _nobody
        if answer is None:  # a list without anything
            return []
        done, *parts = answer
        if done is None:
            return [part if type(part) is bytes else int(part) for part in parts]
        answer = parts[0] if parts else None
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

    def _command(self, *args: Any) -> tuple[Any, ...]:
        """Executes a command, and returns its answer as `taken` expects it."""
        try:
            for arg in args:
                if type(arg) is not bytes:
                    args = tuple(map(_text, args))
                    break
            answer = self._ask(list(args))
        except CommandError as error:
            return False, str(error).encode()
        kind = type(answer)
        if kind is bytes or kind is int:
            return None, answer
        if kind is list and len(answer) <= MOST_ARGUMENTS:
            return True, *[
                each if type(each) is bytes or type(each) is int else self._answer(each)
                for each in answer
            ]
        return None, self._answer(answer)

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
        if type(value) is int or type(value) is float:
            return int(value)
        fault = value[b"err"]
        if fault is not None:
            raise CommandError(fault.decode(errors="replace"))
        status = value[b"ok"]
        if status is not None:
            return Status(status.decode())
        found: list[Reply] = []
        at = 1
        while (each := value[at]) is not None:
            found.append(each if type(each) is bytes else self._reply(each))
            at += 1
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
