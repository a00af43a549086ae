"""Tests a fleet that reaches Redis over TLS, with exactly the rights that docs/redis.md lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis as redis_library

from padfleet.services.tools.up.server import HOST, EmbeddedServer, ServerFailed
from padfleet.shared.client import connect
from tests.eventually import eventually
from tests.fleet import ROOT, Fleet
from tests.guest import Guest
from tests.integration.api.caller import KEY, Caller
from tests.integration.tls import Front, Papers, papers
from tests.processes import free_ports
from tests.redis_user import documented_user
from tests.tools import padfleet

PASSWORD = "change-me"
SETTINGS = {
    "PADFLEET_PARTITIONS": "4",
    "PADFLEET_SNAPSHOT_EVERY": "3",
    "PADFLEET_API_KEY": KEY,
}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """Starts a server with the ACL file. Only an administrator has other rights."""
    acl = tmp_path / "users.acl"
    everything = "on nopass ~* &* +@all"
    users = (documented_user(), "user admin on >admin ~* &* +@all", f"user default {everything}")
    acl.write_text("\n".join((*users, "")))
    with EmbeddedServer(tmp_path / "redis", extra_args=("--aclfile", str(acl))) as server:
        with redis_library.Redis(port=server.port, username="admin", password="admin") as admin:
            admin.execute_command("ACL SETUSER default off")
        yield server


def admin_of(server: EmbeddedServer) -> redis_library.Redis:
    return redis_library.Redis(
        port=server.port, username="admin", password="admin", decode_responses=True
    )


async def use(fleet: Fleet, redis_url: str, folder: Path) -> None:
    """Does what people, operators and other programs do."""
    await use_as_people(fleet)
    await keep_and_bring_back(redis_url, folder)
    async with connect(f"{fleet.urls[0]}/p/a") as again:
        await again.append("and on\n")
    await use_the_api(fleet.urls[0])


async def use_as_people(fleet: Fleet) -> None:
    one, two = fleet.urls
    async with connect(f"{one}/p/a", name="Ada") as pad, connect(f"{two}/p/a") as other:
        for number in range(8):
            await pad.append(f"line {number}\n")
        await other.until(lambda: other.rev == pad.rev)
        pad.cut()
        await pad.append("after\n")
        assert pad.resumes == 1
        await other.until(lambda: "after" in other.text)
        reading = other.read_only_id
    async with Guest(two) as guest:
        await guest.join("beside", padSettingsDefaults={"lang": "de"})
        assert await guest.collab("CHAT_MESSAGE", message={"text": "hello"}) is None
        assert await guest.collab("GET_CHAT_MESSAGES", start=0, end=9) is None
        assert await guest.collab("SAVE_REVISION") is None
        assert await guest.collab("CUSTOM", payload=1) is None
        options = {"type": "padoptions", "options": {"lang": "fr"}}
        assert await guest.collab("CLIENT_MESSAGE", payload=options) is None
        asked = {"start": 0, "granularity": 1, "requestID": 1}
        request = {"component": "pad", "type": "CHANGESET_REQ", "data": asked}
        assert await guest.ask(request) is None
        token = guest.vars["padDeletionToken"]
        gone = {"padId": "beside", "deletionToken": token}
        assert await guest.collab("PAD_DELETE", data=gone) is None
    async with connect(f"{two}/p/{reading}") as reader:
        assert "after" in reader.text


async def operate(redis_url: str, *commands: tuple[object, ...]) -> None:
    for words in commands:
        ended = await padfleet(redis_url, *words)
        assert ended.code == 0, ended
        assert PASSWORD not in ended.out + ended.err
    ended = await padfleet(redis_url, "top", "--once")
    assert "have an owner" in ended.out, ended


async def keep_and_bring_back(redis_url: str, folder: Path) -> None:
    await operate(
        redis_url,
        ("backup", "--to", folder / "pads", "--tokens"),
        ("restore", folder / "pads", "--replace"),
        ("restore", folder / "pads", "--as", "copy"),
        ("verify", "--all", "--backup", folder / "pads"),
    )


async def use_the_api(url: str) -> None:
    async with Caller(url) as api:
        author = (await api.createAuthorIfNotExistsFor(authorMapper="7", name="Ada"))["authorID"]
        group = (await api.createGroupIfNotExistsFor(groupMapper="team"))["groupID"]
        pad = (await api.createGroupPad(groupID=group, padName="p", text="x"))["padID"]
        await api.appendText(padID=pad, text="y", authorId=author)
        await api.createSession(groupID=group, authorID=author, validUntil="4000000000")
        await api.setPublicStatus(padID=pad, publicStatus="true")
        await api.copyPad(sourceID=pad, destinationID="from-a-group")
        await api.listPadsOfAuthor(authorID=author)
        await api.getStats()
        file = await api.export("a", "etherpad")
        assert (await api.upload("imported", "a.etherpad", file))["code"] == 0
        await api.deleteGroup(groupID=group)


async def test_the_documented_user_can_do_all_that_is_needed_and_no_more(
    guarded: EmbeddedServer, tmp_path: Path
) -> None:
    """No right is superfluous either, as the commands tell that the server has seen, apart from
    those that only a cluster, replicas, saved revisions, another database, a deletion, a damaged
    pad or an inbox with more entries than these need."""
    url = f"redis://padfleet:{PASSWORD}@{HOST}:{guarded.port}/0"
    with admin_of(guarded) as admin, Fleet(url, tmp_path, SETTINGS) as fleet:
        admin.config_resetstat()
        fleet.start(writers=2, workers=2)
        await use(fleet, url, tmp_path)
        refused = {entry["object"] for entry in admin.acl_log()}
        for member in fleet.workers + fleet.writers:
            assert PASSWORD not in member.log.read_text()
        fleet.stop()
        used = {name.removeprefix("cmdstat_") for name in admin.info("commandstats")}
    assert refused == set(), "something was wanted that the line does not give"
    given = {word[1:] for word in documented_user().split() if word.startswith("+")}
    on_a_cluster = {"command", "cluster|slots", "cluster|info", "cluster|nodes"}
    in_other_cases = {
        "wait",
        "rpush",
        "del",
        "select",
        "xdel",
        "xsetid",
        "pttl",
        "pexpire",
        "xtrim",
    }
    assert given - used - on_a_cluster - in_other_cases == set()
    with redis_library.Redis.from_url(url) as limited:
        for command in (
            ["FLUSHALL"],
            ["KEYS", "*"],
            ["CONFIG", "SET", "maxmemory", "1"],
            ["ACL", "LIST"],
            ["SHUTDOWN"],
            ["SET", "another's", "x"],
            ["SPUBLISH", "another's", "x"],
            ["MONITOR"],
        ):
            with pytest.raises(redis_library.ResponseError, match="permissions"):
                limited.execute_command(*command)


async def test_the_documented_onlooker_can_look_and_no_more(
    guarded: EmbeddedServer, tmp_path: Path
) -> None:
    url = f"redis://padfleet:{PASSWORD}@{HOST}:{guarded.port}/0"
    with admin_of(guarded) as admin, Fleet(url, tmp_path, SETTINGS) as fleet:
        admin.execute_command("ACL SETUSER", *documented_user("padfleet-top").split()[1:])
        fleet.start(writers=1, workers=1)
        async with connect(f"{fleet.urls[0]}/p/a") as pad:
            await pad.append("secret\n")
        looks = url.replace("padfleet:", "padfleet-top:")

        async def looked() -> bool:
            ended = await padfleet(looks, "top", "--once")
            assert ended.code == 0, ended
            return "4 of 4 have an owner" in ended.out

        await eventually(looked, "it sees the fleet", timeout=20)
        with redis_library.Redis.from_url(looks) as limited:
            (meta,) = (key for key in admin.keys("pf:*:pad:a:meta"))
            for command in (["HGETALL", meta], ["HGET", meta, "head"], ["SET", "pf:workers", "x"]):
                with pytest.raises(redis_library.ResponseError, match="permissions"):
                    limited.execute_command(*command)


def test_every_command_of_a_script_is_in_the_line() -> None:
    """This includes commands that a script seldom reaches, since the script would fail there
    halfway."""
    given = {word[1:] for word in documented_user().split() if word.startswith("+")}
    called = re.compile(r"redis\.p?call\('(\w+)'")
    scripts = sorted((ROOT / "shared" / "log" / "lua").glob("*.lua"))
    used = {name.lower() for path in scripts for name in called.findall(path.read_text())}
    assert used
    assert used - given == set()


# --- TLS -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(params=["server", "front"])
def tls_port(
    request: pytest.FixtureRequest, certificates: Papers, guarded: EmbeddedServer, tmp_path: Path
) -> Iterator[int]:
    """Yields a port that speaks TLS, with the ACL behind it."""
    with ExitStack() as stack:
        if request.param == "front":
            front = Front(certificates, guarded.port)
            stack.callback(front.close)
            yield front.port
            return
        (port,) = free_ports(1)
        options = ("--aclfile", str(tmp_path / "users.acl"), "--tls-port", str(port))
        files = (
            *("--tls-ca-cert-file", str(certificates.authority)),
            *("--tls-cert-file", str(certificates.server)),
            *("--tls-key-file", str(certificates.server_key)),
        )
        server = EmbeddedServer(tmp_path / "tls", extra_args=(*options, *files))
        try:
            stack.enter_context(server)
        except ServerFailed as error:
            pytest.skip(f"the server here cannot speak TLS: {str(error).splitlines()[-1]}")
        yield port


@pytest.mark.parametrize(
    ("tls_port", "named_in"),
    [
        ("server", "environment"),
        ("front", "url"),
        pytest.param("server", "url", marks=pytest.mark.thorough),
        pytest.param("front", "environment", marks=pytest.mark.thorough),
    ],
    indirect=["tls_port"],
)
async def test_a_fleet_over_tls(
    named_in: str,
    tls_port: int,
    certificates: Papers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = f"cert={certificates.client}&key={certificates.client_key}"
    if named_in == "url":
        files += f"&ca={certificates.authority}"
    else:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    url = f"rediss://padfleet:{PASSWORD}@{HOST}:{tls_port}/0?{files}"
    with Fleet(url, tmp_path, SETTINGS) as fleet:
        fleet.start(writers=1, workers=2)
        # Each kind of process, and each kind of connection. What else they do goes the same way.
        await use_as_people(fleet)
        await operate(url, ("verify", "--all"))
        for member in fleet.workers + fleet.writers:
            assert PASSWORD not in member.log.read_text()
            assert str(certificates.client_key) not in member.log.read_text()


@pytest.mark.parametrize("tls_port", ["front"], indirect=True)
async def test_operators_and_other_programs_over_tls(
    tls_port: int, certificates: Papers, tmp_path: Path
) -> None:
    """Apart from the people, whole pads are read and restored, and a caller waits for a writer."""
    files = f"cert={certificates.client}&key={certificates.client_key}&ca={certificates.authority}"
    url = f"rediss://padfleet:{PASSWORD}@{HOST}:{tls_port}/0?{files}"
    with Fleet(url, tmp_path, SETTINGS) as fleet:
        fleet.start(writers=1, workers=1)
        async with connect(f"{fleet.urls[0]}/p/a") as pad:
            await pad.append("kept\n")
        await keep_and_bring_back(url, tmp_path)
        async with connect(f"{fleet.urls[0]}/p/copy") as copy:
            assert "kept" in copy.text
        await use_the_api(fleet.urls[0])


async def test_a_server_that_cannot_prove_who_it_is_is_not_used(
    tls_port: int, certificates: Papers, tmp_path: Path
) -> None:
    mine = f"cert={certificates.client}&key={certificates.client_key}"
    for place, why in (
        (f"{HOST}:{tls_port}/0?{mine}", "certificate verify failed"),
        (f"localhost:{tls_port}/0?{mine}&ca={certificates.authority}", "localhost"),
    ):
        ended = await padfleet(f"rediss://padfleet:{PASSWORD}@{place}", "verify")
        assert ended.code == 1
        assert why in ended.err
        assert PASSWORD not in ended.err


@pytest.mark.parametrize("level", ["debug", pytest.param("info", marks=pytest.mark.thorough)])
async def test_secrets_are_in_no_log(level: str, guarded: EmbeddedServer, tmp_path: Path) -> None:
    """This holds at every log level, when the server refuses the password, and when it goes
    away."""
    right = f"redis://padfleet:{PASSWORD}@{HOST}:{guarded.port}/0"
    with Fleet(right, tmp_path, {**SETTINGS, "PADFLEET_LOG_LEVEL": level}) as fleet:
        fleet.start(writers=1, workers=1)
        async with connect(f"{fleet.urls[0]}/p/a", token="t.secretsecretsecret") as pad:
            await pad.append("x\n")
            with admin_of(guarded) as admin:
                # Its connections are cut, and it is not let in again for a while.
                admin.execute_command("ACL SETUSER padfleet resetpass >another")
                admin.execute_command("CLIENT KILL USER padfleet")
                for name in ("writer", "fanout"):
                    ended = await padfleet(right, name, "--port", free_ports(1)[0])
                    assert ended.code == 1
                    assert PASSWORD not in ended.out + ended.err
                admin.execute_command(f"ACL SETUSER padfleet resetpass >{PASSWORD}")
            await pad.append("y\n")
        logs = [member.log.read_text() for member in (*fleet.workers, *fleet.writers)]
    for log in logs:
        assert log
        assert PASSWORD not in log
        assert "secretsecretsecret" not in log
