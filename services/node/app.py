"""Runs a worker and a writer in one process.

They are the same parts as in processes of their own, each with its place in the fleet: others see a
worker and a writer. Only two things differ. Edits on pads whose partition the writer holds go to it
directly (`shared/log/inboxes/local.py`), and there is one health for both.
"""

import logging

from padfleet.services.fanout import app as fanout
from padfleet.services.writer import app as writer
from padfleet.shared.process import Process
from padfleet.shared.settings import NodeSettings

log = logging.getLogger(__name__)


async def run(settings: NodeSettings) -> None:
    """Runs until SIGTERM or SIGINT. Clients are sent away first, while what they have typed is
    still committed. Raises what `fanout.run` and `writer.run` raise."""
    async with Process(settings, fanout.role_of(settings)) as process:
        role = writer.role_of(settings)
        role = role._replace(wanted=role.wanted or process.id)
        async with Process(settings, role, runtime=process.runtime) as inner:
            leases = writer.open_leases(inner, settings)
            inner.report(settings.ops, writer.counted(leases))
            writer.begin(inner, settings, leases)
            try:
                await fanout.serve(process, settings, leases)
            finally:
                inner.settle_down()
                await writer.give_back(leases)
    log.info("node stopped", extra={"worker": process.id, "writer": inner.id})
