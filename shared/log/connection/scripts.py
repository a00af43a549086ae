"""This module loads the Lua scripts, and calls them by the hash of their content."""

from collections.abc import Generator, Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, cast

from redis.exceptions import NoScriptError

from padfleet.shared.log.connection.auto_pipeline import AutoPipeline
from padfleet.shared.log.connection.connect import Client
from padfleet.shared.log.connection.hot import HotCommands

Argument = str | bytes | int


class Script:
    """A script under `lua/`, which is called by its hash, and sent in full if the server does not
    have it."""

    def __init__(self, name: str, *, before: Sequence[str] = ()) -> None:
        """Reads the script `name`. `before` names the files whose functions it uses, in order."""
        self.name = name
        folder = files("padfleet.shared.log").joinpath("lua")
        self.text = "".join(
            folder.joinpath(f"{part}.lua").read_text("utf-8") for part in (*before, name)
        )
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    def command(self, keys: Sequence[str], args: Sequence[Argument]) -> tuple[Any, ...]:
        """Returns the command that calls the script by its hash. A server that does not have the
        script refuses it."""
        return ("EVALSHA", self.sha, len(keys), *keys, *args)

    async def __call__(
        self,
        client: Client | AutoPipeline | HotCommands,
        keys: Sequence[str],
        args: Sequence[Argument],
    ) -> Any:
        try:
            return await client.evalsha(self.sha, len(keys), *keys, *cast("Sequence[str]", args))
        except NoScriptError:
            # A restarted or promoted server has no scripts. EVAL runs the script and keeps it.
            return await client.eval(self.text, len(keys), *keys, *cast("Sequence[str]", args))

    def ask(
        self, client: AutoPipeline, keys: Sequence[str], args: Sequence[Argument]
    ) -> "AskedScript":
        """Does what calling it does, but sends it at once, and returns something to await the reply
        with: see `HotCommands.ask`."""
        return AskedScript(self, client, keys, args)


class AskedScript:
    """A call of a script that has been sent."""

    __slots__ = ("_args", "_asking", "_client", "_keys", "_script")

    def __init__(
        self, script: Script, client: AutoPipeline, keys: Sequence[str], args: Sequence[Argument]
    ) -> None:
        self._script, self._client, self._keys, self._args = script, client, keys, args
        self._asking = client.ask(*script.command(keys, args))

    def __await__(self) -> Generator[Any, None, Any]:
        try:
            return (yield from self._asking.__await__())
        except NoScriptError:
            call = self._script(self._client, self._keys, self._args)
            return (yield from call.__await__())


ACCEPT = Script("accept", before=["reign", "witness"])
AGREE = Script("agree")
ARRIVED = Script("arrived")
AUTHOR = Script("author")
BEHIND = Script("behind", before=["stamp"])
BURY = Script("bury")
SILENCES = Script("silences")
CHAT = Script("chat")
CLAIM = Script("claim")
COMMIT = Script("commit", before=["reign"])
COMPACT = Script("compact", before=["reign"])
CONFIRM = Script("confirm", before=["reign"])
DELETE = Script("delete", before=["reign", "witness"])
FETCHING = Script("fetching", before=["reign", "witness"])
FORGET = Script("forget", before=["witness"])
FREEZE = Script("freeze", before=["reign", "stamp", "witness"])
HEARTBEAT = Script("heartbeat")
JOIN = Script("join", before=["reign", "seen"])
LEASE = Script("lease", before=["reign"])
LEAVE = Script("leave")
MEASURE = Script("measure")
META = Script("meta", before=["reign"])
OPENING = Script("opening")
RECHAT = Script("rechat")
RENEW = Script("renew", before=["reign"])
REPLACE = Script("replace", before=["reign"])
SAVED = Script("saved")
SETTINGS = Script("settings")
SMALL = Script("small", before=["stamp"])
SNAPSHOT = Script("snapshot", before=["reign"])
STAGE = Script("stage")
STANDING = Script("standing")
TELL = Script("tell")
THAW = Script("thaw", before=["reign", "stamp", "move", "witness"])
VACATE = Script("vacate", before=["reign"])
VISITOR = Script("visitor")
VOUCH = Script("vouch", before=["reign", "seen"])
WEIGHT = Script("weight")
WHEREABOUTS = Script("whereabouts", before=["reign", "witness"])
WRITTEN = Script("written")
