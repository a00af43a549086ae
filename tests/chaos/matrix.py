"""Lists all cells, one row for each fault, in the order of the table."""

from typing import Final

from tests.chaos.cells import Cell
from tests.chaos.faults import cold, crowds, keys, network, nodes, processes, resharding, servers
from tests.chaos.scene import FULL

ONE_SERVER: Final = ("standalone",)
REPLICATED: Final = ("sentinel", "cluster")

WAITS_FOR_A_REPLICA: Final = {"PADFLEET_COMMIT_REPLICAS": "1"}

CELLS: Final = [
    Cell(processes.worker_killed, "a worker is killed"),
    Cell(processes.worker_frozen, "a worker stands still until its clients have left, and goes on"),
    Cell(
        processes.writer_killed,
        "a writer is killed",
        in_short=False,  # `writer_killed_in_mid_commit` kills it at the worst moment
    ),
    Cell(
        processes.writer_killed_in_mid_commit,
        "a writer is killed between a commit and its answer",
        ONE_SERVER,
        start=network.proxies_between,
    ),
    Cell(processes.two_writers_own_a_partition, "a writer wakes up after its leases have run out"),
    Cell(
        processes.clocks_jump,
        "clocks jump by hours, back and forth",
        ONE_SERVER,
        start=processes.each_with_a_clock,
    ),
    Cell(processes.rolling_restart, "every process is restarted, one after the other"),
    *(
        Cell(fault, says, topologies, start=start, in_short=in_short)
        for fault, says, topologies, start, in_short in (
            (
                nodes.node_killed,
                "a node, worker and writer at once, is killed",
                ("standalone", "sentinel", "cluster"),
                nodes.two_nodes,
                False,
            ),
            (
                nodes.node_frozen,
                "a node stands still until the other has its clients and partitions, and goes on",
                ("standalone", "sentinel", "cluster"),
                nodes.two_nodes,
                False,
            ),
            (
                nodes.node_killed_in_mid_commit,
                "a node is killed between a commit and its answer",
                ONE_SERVER,
                nodes.two_nodes_and_a_proxy,
                False,  # `writer_killed_in_mid_commit` is the same for the part that commits
            ),
            (
                nodes.node_loses_answers,
                "a node loses answers of Redis with its connections, again and again",
                ONE_SERVER,
                nodes.two_nodes_and_a_proxy,
                True,
            ),
            (
                nodes.nodes_restarted,
                "every node is restarted, one after the other",
                ("standalone", "sentinel", "cluster"),
                nodes.two_nodes,
                False,
            ),
        )
    ),
    Cell(
        crowds.rolling_restart_under_stock_pages,
        "every process is restarted; twice as many clients, on npm's socket.io-client",
        ONE_SERVER,
        crowds.AS_DEPLOYED,
        people=crowds.stock_pages,
        in_short=False,  # `rolling_restart` is the same fault under our own clients
    ),
    Cell(
        crowds.worker_killed_under_thousands,
        f"a worker is killed on which {FULL.watchers} clients watch for each that types",
        ONE_SERVER,
        crowds.AS_DEPLOYED,
        start=crowds.thousands_on_one_worker,
        in_short=False,  # `worker_killed` is the same fault under few
    ),
    Cell(servers.redis_killed, "Redis is killed and started again", ONE_SERVER),
    Cell(
        servers.redis_frozen,
        "Redis stands still, and goes on",
        ONE_SERVER,
        in_short=False,  # `primary_frozen` lets another take over meanwhile
    ),
    Cell(
        servers.primary_killed,
        "the primary is killed; commits wait for a replica",
        REPLICATED,
        WAITS_FOR_A_REPLICA,
        in_short=False,  # `primary_frozen` has a primary that wakes up, besides
    ),
    Cell(
        servers.primary_frozen,
        "the primary stands still, another takes over, and it wakes; commits wait for a replica",
        REPLICATED,
        WAITS_FOR_A_REPLICA,
    ),
    Cell(
        servers.replica_lacks_revisions,
        "the primary is killed, and the replica lacks revisions",
        REPLICATED,
    ),
    Cell(
        resharding.slots_there_and_back,
        "all slots go to other nodes, key by key, and come back",
        ("cluster", "valkey cluster"),
    ),
    Cell(
        resharding.slots_there_and_back_at_once,
        "all slots go to other nodes, each at once, and come back",
        ("valkey cluster",),
    ),
    Cell(
        resharding.slots_half_moved,
        f"a resharding stops half-way for {FULL.half_moved_s:g} s, in all slots",
        ("cluster", "valkey cluster"),
    ),
    Cell(
        resharding.one_slot_half_moved,
        f"a resharding stops half-way for {resharding.HALF_MOVED_S:g} s, in one slot",
        ("cluster", "valkey cluster"),
        in_short=False,  # `slots_half_moved` has that slot among all
    ),
    Cell(servers.out_of_memory, "Redis is out of memory for a while"),
    Cell(
        servers.too_few_replicas,
        "Redis takes no writes for want of replicas",
        in_short=False,  # `out_of_memory` is as long without writes
    ),
    Cell(servers.script_that_runs_on, "somebody's script keeps Redis busy", ONE_SERVER),
    Cell(servers.subscriptions_killed, "subscriptions are killed, again and again"),
    Cell(
        servers.output_buffer_overrun,
        "a worker is so slow that Redis ends its subscription",
        ONE_SERVER,
        in_short=False,  # `subscriptions_killed` ends it again and again
    ),
    *(
        Cell(fault, says, ONE_SERVER, start=network.proxies_between, in_short=in_short)
        # `half_cut_off` and `machine_cut_off` cut off workers and writers, and slow clients have
        # tests/acceptance/test_slow_sockets.py.
        for fault, says, in_short in (
            (network.clients_cut_off, "clients and a worker are cut off from each other", True),
            (network.worker_cut_off_from_redis, "a worker is cut off from Redis", False),
            (network.writer_cut_off_from_redis, "a writer is cut off from Redis", False),
            (network.half_cut_off, "a writer hears no answer, a worker is not heard", True),
            (network.slow_and_lossy, "everything is slow, and loses packets", True),
            (network.connections_reset, "connections are reset, again and again", True),
            (network.slow_clients, "half of the clients take less than is typed", False),
        )
    ),
    Cell(
        network.machine_cut_off,
        "the cable of a machine with a worker and a writer is pulled",
        ONE_SERVER,
        start=network.a_machine_of_its_own,
    ),
    Cell(keys.pads_damaged, "neighbours of the pads that people are on are damaged"),
    Cell(keys.inboxes_fouled, "entries that cannot be read stand in the inboxes", ONE_SERVER),
    Cell(
        keys.one_inbox_of_a_wrong_type,
        "the inbox of a partition that nobody is on is of a wrong type",
        ONE_SERVER,
        in_short=False,  # `inboxes_fouled` has those that people write to
    ),
    *(
        Cell(
            fault,
            says,
            topologies,
            cold.SOON | (cold.FORGETFUL if "worker_killed" in fault.__name__ else {}),
            start=cold.beside_a_bucket,
            in_short=in_short,
            limit_s=1500.0 if fault in cold.STEPPED else 400.0,
        )
        for fault, says, topologies, in_short in (
            (
                cold.pads_go_cold_and_come_back,
                "people leave, their pads go to a bucket, and they come back",
                ("cluster", "sentinel", "standalone"),
                True,
            ),
            (
                cold.writer_killed_at_each_step_of_a_freeze,
                "a writer is killed at each call to the bucket while pads go there",
                ONE_SERVER,
                False,
            ),
            (
                cold.worker_killed_at_each_step_of_a_thaw,
                "a worker is killed at each call to the bucket while pads come from there",
                ONE_SERVER,
                False,
            ),
            (
                cold.writer_wakes_in_the_middle_of_a_freeze,
                "a writer stands still while pads go to a bucket, and wakes when others have them",
                ONE_SERVER,
                False,
            ),
            (
                cold.people_join_in_the_middle_of_a_freeze,
                "people come back while their pads go to a bucket",
                ONE_SERVER,
                False,
            ),
            (
                cold.failover_takes_back_a_freeze,
                "the primary is killed, and the replica has pads that went to a bucket",
                REPLICATED,
                False,
            ),
            (
                cold.failover_takes_back_a_thaw,
                "the primary is killed, and the replica lacks pads that came from a bucket",
                REPLICATED,
                True,
            ),
            (
                cold.failover_takes_back_commits_after_a_thaw,
                "the primary is killed, and the replica lacks revisions of such pads",
                REPLICATED,
                False,
            ),
            (
                cold.all_of_redis_is_lost,
                "all of Redis is lost, and pads come from a bucket",
                ONE_SERVER,
                True,
            ),
            (cold.bucket_away, "the bucket with cold pads is away", ONE_SERVER, False),
            (
                cold.bucket_slow,
                f"the bucket with cold pads takes {cold.SLOW_S:g} s for each answer",
                ONE_SERVER,
                False,
            ),
            (cold.bucket_full, "the bucket with cold pads is full", ONE_SERVER, False),
            (
                cold.bucket_refuses_conditional_puts,
                "the bucket with cold pads refuses all that is put on a condition",
                ONE_SERVER,
                False,
            ),
            (
                cold.bucket_returns_old_objects,
                "the bucket with cold pads returns each object as it was before its last change",
                ONE_SERVER,
                False,
            ),
            (
                cold.bucket_returns_damaged_objects,
                "the bucket with cold pads returns each object with a wrong byte",
                ONE_SERVER,
                False,
            ),
        )
    ),
]
