"""Lists what is taken out of our own code, one at a time, to see whether the simulation finds it.

Each entry takes one check or one step away, in memory. Its `faults` are the kinds from which chance
chooses during the search: a fence that nobody waits for is found by connections that break, and not
by a clock that jumps.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Mutation(NamedTuple):
    """A text that occurs once in a file, and its replacement."""

    file: str
    old: str
    new: str
    faults: tuple[str, ...] = ()  #: kinds, of tests/world/faults; none means all
    play: tuple[str, ...] = ()  #: how else a run has to be, as options of `python -m tests.world`
    doubled: str = ""  #: why it cannot be found, if that is known: other code makes up for it


_COMMIT: Final = "shared/log/lua/commit.lua"
_LEASE: Final = "shared/log/lua/lease.lua"
_REIGN: Final = "shared/log/lua/reign.lua"
_JOIN: Final = "shared/log/lua/join.lua"
_WRITER_PAD: Final = "services/writer/pads/pad.py"
_BATCHES: Final = "services/writer/settling/batch_processor.py"
_LEASES: Final = "services/writer/leases/lease_manager.py"
_COMMITS: Final = "services/fanout/requests/commits.py"
_DIRECT: Final = "services/writer/leases/direct.py"
_SESSION: Final = "services/fanout/delivery/session.py"
_RESYNC: Final = "services/fanout/pads/resync.py"
_RESUMING: Final = "services/fanout/requests/resuming.py"
_CURSOR: Final = "services/fanout/delivery/cursor.py"
_TEXTS: Final = "services/web/api/texts.py"
_CHANNEL: Final = "services/fanout/hub/channel.py"
_TERM: Final = "if held[4] ~= ARGV[1] then return {'term', held[4] or ''} end"
_POSITION: Final = "if position ~= ARGV[2] then return {'position', position} end"

_TWO_WRITERS: Final = ("freeze", "deaf to redis")
_LOSS: Final = ("redis loses its last writes", "replica takes over")
_LOST_AND_AWAY: Final = (*_LOSS, "kill", "connections reset")
"""Faults with which history is lost while somebody is away, who comes back to another one."""

_CUTS: Final = ("connections reset", "cut off from people", "kill", "redis cuts after")
_SLOW_PEOPLE: Final = ("people do not read",)
_SNAPSHOTS: Final = ("--snapshots", "5")
"""Options with which young pads have snapshots, too."""

_NODES: Final = ("--nodes", "yes")
"""Options with which there are nodes, and somebody who has several edits in flight."""

_BUSY: Final = ("--rate", "6")
"""Options with which twelve times as much is typed: buffers fill, and more comes at the same
moment."""

_CROWD: Final = (*_BUSY, "--clients", "12", "--brief")
"""Options with which so much is typed that whoever does not read it has full buffers in no time."""

MUTATIONS: Final = {
    # --- The scripts: what is checked before a commit, and what a commit has to do ----------------
    "term not compared": Mutation(
        # A commit is held up on its way until another writer has taken the lease, and that one is
        # slow to settle the same entries.
        _COMMIT,
        _TERM,
        "",
        ("commit is late",),
        ("--rate", "2"),
    ),
    "position not compared": Mutation(_COMMIT, _POSITION, "", ("redis cuts after",)),
    "term and position not compared": Mutation(
        _COMMIT, f"{_TERM}\n", "held[5] = ARGV[2]\n", _TWO_WRITERS
    ),
    "reign not compared": Mutation(
        _COMMIT, "if reign ~= ARGV[5] then return {'reign', reign} end", "", _LOSS, _BUSY
    ),
    "head and chain not compared": Mutation(
        _COMMIT,
        "(head ~= ARGV[at + 1] or (found[2] or '') ~= ARGV[at + 2])",
        "false",
        doubled="whatever else changes a pad takes the term away, and a loss changes the reign",
    ),
    "position not moved": Mutation(
        _COMMIT, "'HSET', state, 'position', new_position, news, told", "'HSET', state, news, told"
    ),
    "position moved one too far": Mutation(
        _COMMIT,
        "'position', new_position, news",
        "'position', (string.gsub(new_position, '-%d+$', '-9')), news",
    ),
    "head not moved": Mutation(
        _COMMIT,
        "if last > first then redis.call('HSET', meta, unpack(ARGV, first, last)) end",
        "",
    ),
    "the last of several revisions is left out": Mutation(
        _COMMIT,
        "  for j = first, last do\n    local rev",
        "  for j = first, last == first and last or last - 1 do\n    local rev",
        ("redis freezes", "redis is slow", "freeze"),
    ),
    "fences are not stored": Mutation(
        _COMMIT, "redis.call('HSET', fences, ARGV[j], ARGV[j + 1])", "", _CUTS
    ),
    "nobody is told of a commit": Mutation(
        _COMMIT, "redis.call('SPUBLISH', channels[i], 'R' .. header .. table.concat(records))", ""
    ),
    "the inbox is not trimmed": Mutation(
        _COMMIT,
        "redis.pcall('XTRIM', inbox, 'MINID', '~', new_position)",
        "",
        play=_BUSY,
    ),
    "a lease is taken from who has it": Mutation(
        _LEASE, "if left > 0 and left <= length and held[2] ~= owner then", "if false then"
    ),
    "a lease does not run out": Mutation(
        _LEASE,
        "if left > 0 and left <= length and held[2] ~= owner then",
        "if held[2] and held[2] ~= owner and held[3] ~= '0' then",
        ("machine is replaced",),
    ),
    "a lease from the future counts": Mutation(
        _LEASE,
        "left > 0 and left <= length and",
        "left > 0 and",
        ("redis clock jumps back", "kill"),
    ),
    "a taken lease has the same term": Mutation(
        _LEASE,
        "local taken = next_term(state)",
        "local taken = tonumber(held[1]) or next_term(state)",
        _TWO_WRITERS,
    ),
    "renewing does not compare the term": Mutation(
        "shared/log/lua/renew.lua",
        "term ~= ARGV[2 * i] or",
        "",
        ("cut off from redis", "slow link to redis"),
    ),
    "renewing does not compare the server": Mutation(
        "shared/log/lua/renew.lua",
        "or not is_of(reign, replication) then",
        "then",
        ("redis restarts",),
    ),
    "all servers are one": Mutation(
        _REIGN,
        r"return of_info(info, '\nmaster_replid:')",
        "return 'aaaaaaaaaaaa'",
        _LOSS,
    ),
    "a reign begins at any head": Mutation(
        _REIGN,
        "known[#known + 1] = reign .. ':' .. head",
        "known[#known + 1] = reign .. ':999999'",
        _LOST_AND_AWAY,
        _BUSY,
    ),
    "sessions have no order": Mutation(
        _JOIN, "redis.call('HINCRBY', KEYS[2], 'sessions', 1)", "1", _CUTS
    ),
    "who joins is not told": Mutation(
        _JOIN, "redis.call('SPUBLISH', ARGV[1], 'J' .. order .. ' ' .. ARGV[3])", "", _CUTS
    ),
    "who leaves stays a member": Mutation(
        "shared/log/lua/leave.lua",
        "if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then",
        "if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then",
        _CUTS,
    ),
    "a deletion is told to nobody": Mutation(
        "shared/log/lua/delete.lua", "redis.call('SPUBLISH', ARGV[4], 'D' .. ARGV[5])", ""
    ),
    "a pad is frozen while somebody is on it": Mutation(
        "shared/log/lua/freeze.lua",
        "if redis.call('HLEN', KEYS[7]) > 0 then return 'people' end",
        "",
        ("slow link to redis", "redis is slow"),
        ("--cold", "yes", "--rate", "0.1", "--people", "visitors", "--brief"),
    ),
    # --- The writer -------------------------------------------------------------------------------
    "a repetition is not known": Mutation(
        _WRITER_PAD, "if origin.seq <= last_seq:", "if origin.seq < 0:", ("redis cuts after",)
    ),
    "sessions' places are not in snapshots": Mutation(
        _WRITER_PAD,
        "            dict(self.sessions),",
        "            {},",
        ("redis cuts after", "kill"),
        ("--snapshots", "2", *_BUSY),
    ),
    "the order of sessions is ignored": Mutation(
        _WRITER_PAD,
        "if self.fences.keeps_out(submission.author, submission.order):",
        "if False:",
        (*_CUTS, "deaf to redis", "freeze"),
    ),
    "the reign of a submission is not compared": Mutation(
        _WRITER_PAD,
        "if limit is not None and submission.base_rev > limit:",
        "if False:",
        (*_LOSS, "slow link to redis"),
        _BUSY,
    ),
    "a rebase begins one revision late": Mutation(
        _WRITER_PAD,
        "steps = self._recent.steps[oldest:]",
        "steps = self._recent.steps[oldest + 1 :]",
    ),
    "a submission is not rebased": Mutation(
        _WRITER_PAD,
        "return Rebased(rebase_over(rebased, steps, self.body, self.pool, effort))",
        "return Rebased(rebased)",
    ),
    "a chain begins anew with each revision": Mutation(
        _WRITER_PAD, "chain_of(self.chain, wire), wire)", 'chain_of(b"", wire), wire)'
    ),
    "a snapshot has the number of the revision before": Mutation(
        _WRITER_PAD,
        "        return Snapshot(\n            self.head,\n",
        "        return Snapshot(\n            self.head - 1,\n",
        ("kill", "terminate"),
        _SNAPSHOTS,
    ),
    "a deletion does not count": Mutation(
        _BATCHES,
        "keys, pad.epoch + 1))\n        self._pads.forget",
        "keys, pad.epoch))\n        self._pads.forget",
    ),
    "what changes nothing becomes a revision": Mutation(
        _WRITER_PAD,
        "        if patches.change_nothing():\n",
        "        if patches.change_nothing() and False:\n",
        ("redis cuts after",),
        ("--people", "repeater", "--brief"),
    ),
    "pads are kept from an earlier term": Mutation(
        _LEASES,
        "            self._pads.forget_partition(partition)\n            try:",
        "            try:",
        _TWO_WRITERS,
        doubled="head and chain are compared when something is stored",
    ),
    "pads are kept when a lease is lost": Mutation(
        _LEASES,
        "    def _forget(self, partition: int) -> None:\n"
        "        self._pads.forget_partition(partition)\n",
        "    def _forget(self, partition: int) -> None:\n",
        ("redis cuts after", *_LOSS),
        doubled="they are forgotten when it is taken",
    ),
    "what a failed batch did is kept": Mutation(
        _BATCHES,
        "        for pad_id in batch.begin_again():\n            self._pads.forget(pad_id)",
        "        batch.begin_again()",
        # A direct commit fails, and its edits come again by the inbox.
        ("redis refuses writes", "redis cuts before"),
        (*_NODES, "--brief"),
    ),
    "a batch that was read before is settled": Mutation(
        "services/writer/leases/follower.py",
        "if lease is None or lease.position != positions[partition]:",
        "if lease is None:",
        doubled="the position is compared when it is stored",
    ),
    "leases are not renewed": Mutation(
        _LEASES,
        "await all_of(self._beat(), *(self._keep(group) for group in self._groups))",
        "await self._beat()",
        doubled="each commit renews them, and whoever loses one takes it again",
    ),
    "any position will do": Mutation(
        "services/writer/storing/committer.py",
        'if word == b"position" and details == [position.encode()]:',
        'if word == b"position":',
        _TWO_WRITERS,
        doubled="under one term nobody else moves the position",
    ),
    "a lost answer counts as a lost lease": Mutation(
        "services/writer/storing/committer.py",
        'if word == b"position" and details == [position.encode()]:',
        "if False:",
        ("redis cuts after",),
        doubled="the lease is taken anew, which takes longer and nothing else",
    ),
    "what is not answered is not put in again": Mutation(
        "shared/log/inboxes/entry_lane.py",
        "again.append(item)",
        "pass",
        # It has to fail twice: the quick way, and when it is repeated.
        ("redis cuts after", "redis cuts before"),
        (*_BUSY, "--brief"),
    ),
    "what a fail-over took is not put in again": Mutation(
        # As soon as anything later is settled, the entry counts as passed, and its sender comes
        # again; so this shows where nobody else writes in the partition.
        "shared/log/inboxes/inbox.py",
        "if standing is EntryStatus.LOST:",
        "if False:",
        ("redis loses entries",),
        ("--brief",),
    ),
    "everything settled counts as answered": Mutation(
        _COMMITS,
        "            if not known:\n                await self._catch_up(room, session)\n",
        "",
        ("redis ends subscriptions", "deaf to redis"),
        _BUSY,
        doubled="whoever has no answer is disconnected, and resumes",
    ),
    # --- Nodes ------------------------------------------------------------------------------------
    "an edit overtakes one that a node's writer has": Mutation(
        _COMMITS,
        "            if session.turns is not None:\n"
        "                await session.turns.come(entry)\n",
        "",
        play=_NODES,
    ),
    "an edit is handed over while others are in the inbox": Mutation(
        _COMMITS,
        "if self._local is None or edit.session.pending or not self._inbox",
        "if self._local is None or not self._inbox",
        # Another one takes the partition over while edits are on their way to its inbox.
        ("kill", "terminate"),
        _NODES,
    ),
    "what a node's writer declines is dropped": Mutation(
        _DIRECT, "    for edit in edits:\n        edit.declined()\n", "    pass\n", play=_NODES
    ),
    "what a failed direct commit did is kept": Mutation(
        _DIRECT,
        "        self._processor.begin_again(batch)\n",
        "",
        ("redis refuses writes", "redis cuts before"),
        _NODES,
        doubled="the script compares the head even if there are only answers to give",
    ),
    "direct edits do not lock their partition": Mutation(
        _DIRECT,
        "        return self._holdings.lock(partition)\n",
        '        own = self.__dict__.setdefault("own", {})\n'
        "        return own.setdefault(partition, PartitionLock())\n",
        play=(*_NODES, *_BUSY),
    ),
    "a direct commit moves the position": Mutation(
        _DIRECT,
        "Received(lease.position, edit.submission)",
        'Received(lease.position.split("-")[0] + "-9", edit.submission)',
        play=_NODES,
    ),
    "a direct edit is said to be committed before it is": Mutation(
        _DIRECT,
        "            answer.add_done_callback(partial(self._take_answer, begun))\n",
        "            for batch, some in begun:\n"
        "                [edit.committed(batch.lease.position) for edit in some]\n"
        "            answer.add_done_callback(partial(self._take_answer, begun))\n",
        play=_NODES,
    ),
    "direct edits are committed without the lease": Mutation(
        _DIRECT,
        "        lease = self._holdings.held.get(partition)\n",
        '        kept = self.__dict__.setdefault("kept", {})\n'
        "        lease = kept[partition] = self._holdings.held.get(partition) or kept[partition]\n",
        doubled="the script compares the term, and what it refuses goes through the inbox",
    ),
    # --- Workers: what they hold, and what they send ----------------------------------------------
    "a gap is passed over": Mutation(
        "services/fanout/pads/feed.py",
        "return FeedGap(self.head + 1, revisions[-1].rev)",
        "self.head = rev - 1; self.chain = None; self._ring.clear()",
        ("redis ends subscriptions", "deaf to redis", "slow link to redis"),
        (*_BUSY, "--brief"),
    ),
    "chains are not compared": Mutation(
        "services/fanout/pads/feed.py",
        "if before is not None and not revision.follows(before):",
        "if False:",
        ("redis loses writes unheard",),
        (*_BUSY, "--brief"),
    ),
    "the cursor is moved before the write": Mutation(
        _SESSION,
        "        if planned.frames and not self._offer(planned, flush):\n",
        "        if planned.frames and not self._offer(planned, flush):\n"
        "            self._has_sent(planned, flush, len(news), 0)\n",
        _SLOW_PEOPLE,
        _CROWD,
    ),
    "the cursor is not moved": Mutation(_SESSION, "            self.cursor.moved(part)\n", ""),
    "what is sent the fast way is not noted": Mutation(
        "services/fanout/delivery/fast_path.py", "        cursor.sent_rev = run.upto\n", ""
    ),
    "a batch leaves its first revision out": Mutation(
        _CURSOR, "yield NewChangesBatch(tuple(run))", "yield NewChangesBatch(tuple(run[1:]))"
    ),
    "one's own revision comes as anybody's": Mutation(
        _CURSOR,
        "elif revision.origin is not None and revision.origin.session == session:",
        "elif False:",
    ),
    "a pad is read up to one before its head": Mutation(
        "shared/log/pad/document.py",
        "reader.pages(document.head + 1, meta.head)",
        "reader.pages(document.head + 1, meta.head - 1)",
    ),
    "half a frame is written": Mutation(
        "services/fanout/delivery/newest.py",
        "            transport.write(data[taken:])\n",
        "            pass\n",
        _SLOW_PEOPLE,
        _CROWD,
    ),
    "who waits for room is not served again": Mutation(
        _SESSION,
        "        self.happened(SessionEvent.MADE_ROOM)",
        "        pass",
        _SLOW_PEOPLE,
        _CROWD,
    ),
    "what was missed is sent from one too far": Mutation(
        _RESUMING,
        "        cursor = DeliveryCursor(\n            rev,\n",
        "        cursor = DeliveryCursor(\n            min(rev + 1, head),\n",
        _CUTS,
    ),
    "what was submitted elsewhere is an answer": Mutation(
        _CURSOR,
        'nameless = cursor.submitted_as not in ("", origin)',
        "nameless = False",
        ("connections reset", "slow link to redis"),
        (*_BUSY, "--people", "namesake"),
    ),
    "a fence is not waited for": Mutation(
        _RESUMING,
        "            await self._wait_for(fence, admission.fence_id, settled)\n",
        "",
        (*_CUTS, "slow link to redis", "redis is slow"),
    ),
    "whoever comes back shares the history": Mutation(
        _RESUMING,
        '            raise turned_away(session.exit, "rejected")',
        "            pass",
        _LOST_AND_AWAY,
        _BUSY,
    ),
    "a rollback is told to nobody": Mutation(
        "services/fanout/hub/audience.py",
        "        for session in affected:\n"
        '            self._occupants.kick_and_announce(session, "rejected")\n'
        "        for session in list(here.values()):\n"
        '            session.drop("rollback")\n',
        "",
        _LOSS,
    ),
    "what came while a pad was read is dropped": Mutation(
        _CHANNEL,
        "            self._early.append(message)\n",
        "            pass\n",
        doubled="the next revision shows the gap, and every ten seconds what is held is compared",
    ),
    "a new subscription asks for nothing": Mutation(
        "services/fanout/hub/room.py",
        "        self.resync.begin()\n        self.metadata.refresh()",
        "        self.metadata.refresh()",
        ("redis ends subscriptions", "deaf to redis"),
        # Where more is typed, the next revision shows at once that some were missed.
        ("--rate", "0.1"),
    ),
    "an epoch is not compared": Mutation(
        _CHANNEL,
        "        if message.epoch < replica.epoch:\n",
        "        if False:\n",
        ("slow link to redis",),
        ("--people", "remaker", "--brief"),
    ),
    "a deleted pad goes on": Mutation(
        "services/fanout/hub/audience.py",
        "        if epoch <= self._replica.epoch:\n            return\n        self._occupants",
        "        return\n        self._occupants",
    ),
    "channels are not given up": Mutation(
        "services/fanout/hub/rooms.py",
        "            self.subscriber.unsubscribe(room.keys.channel)\n",
        "",
        _CUTS,
    ),
    # --- Calls of the API -------------------------------------------------------------------------
    "a text is added at the beginning": Mutation(
        _TEXTS, "make_splice(old, len(old) - 1, 0, text,", "make_splice(old, 0, 0, text,"
    ),
    "a new text leaves what stood there": Mutation(
        _TEXTS, "builder = Builder(len(old)).remove_text(", "builder = Builder(len(old)).keep_text("
    ),
    "what is restored is what is there": Mutation(
        _TEXTS,
        "HotReader(api.redis, api.keyspace.pad(pad), meta), rev)",
        "HotReader(api.redis, api.keyspace.pad(pad), meta))",
    ),
    # --- What is said of oneself, and what has to live --------------------------------------------
    "a canary is not looked for": Mutation(
        "services/fanout/ops/canary.py",
        "if cage.alive_at is None or silent > LIMIT:",
        "if False:",
        ("kill", "power off", "freeze", "deaf to redis"),
        ("--writers", "1"),
    ),
    "a canary that came back is not noted": Mutation(
        "services/fanout/ops/canary.py",
        "                        cage.alive_at = monotonic()\n",
        "                        cage.alive_at = cage.alive_at or monotonic()\n",
    ),
    "a task that died is not begun again": Mutation(
        "shared/supervision/supervised_task.py",
        "            if pause is None:\n                break\n",
        "            break\n",
        ("task dies",),
    ),
    # --- The client -------------------------------------------------------------------------------
    "a client sends again what was accepted": Mutation(
        "shared/client/collaborator.py",
        "        if not ours or not self._own.is_in_flight(data, self._base):\n"
        "            return self._change(data)\n",
        "        if True:\n            return self._change(data)\n",
        ("connections reset", "kill", "slow link to redis"),
        (*_BUSY, "--scribes", "3", "--brief"),
    ),
    "a client does not rebase what is on its way": Mutation(
        "shared/client/own_edits.py",
        "            self._in_flight.changeset = follow(theirs, mine, self._pool)\n",
        "",
    ),
    "a client passes over gaps": Mutation(
        "shared/client/collaborator.py",
        '        if rev != self.rev + 1:\n            raise ProtocolError(f"revision {rev} came',
        '        if False:\n            raise ProtocolError(f"revision {rev} came',
        _CUTS,
        doubled="no server leaves gaps (I3)",
    ),
    # --- What Redis remembers of cold pads --------------------------------------------------------
    "a witness is not compared": Mutation(
        "shared/cold/places.py",
        "if had is not None and _has_less(cold, had):",
        "if False:",
        ("cold store is an older copy",),
        ("--cold", "yes", "--people", "visitors", "--brief"),
    ),
}
"""The mutations, by what is wrong with them in force."""
