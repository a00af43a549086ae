"""This module says what a client is answered when what it asked for could not be done.

A client may ask for a Socket.IO acknowledgement of any message: it receives ``[null, null]``, or
``[{name, message}]`` with the error texts of Etherpad 3.3.1.
"""

import logging
from collections.abc import Coroutine
from typing import Any

from padfleet.services.fanout import metrics
from padfleet.services.fanout.errors import ClientError
from padfleet.services.fanout.requests.client_socket import Socket
from padfleet.services.fanout.requests.turning_away import TurnedAway
from padfleet.shared.log.connection.connect import UNREACHABLE
from padfleet.shared.log.connection.errors import reason_for_clients
from padfleet.shared.log.inboxes.entry_lane import NotTaken

log = logging.getLogger(__name__)

Reply = tuple[None, None] | dict[str, str]
OK: Reply = (None, None)


async def answered(socket: Socket, kind: str, work: Coroutine[Any, Any, object]) -> Reply:
    """Does the work that a message of this kind asks for. Returns the reply; never raises."""
    try:
        await work
    except ClientError as error:
        log.info("message refused", extra={"type": kind, "error": error.plain})
        return {"name": error.name, "message": str(error)}
    except TurnedAway:
        return OK
    except (*UNREACHABLE, NotTaken, TimeoutError) as error:
        # We cannot serve this now, though it may work in a moment or on another worker. The
        # client would take any answer as final, so we break the connection, and it resumes.
        log.warning("socket dropped", extra={"type": kind, "error": str(error)})
        metrics.DROPPED.labels("unreachable").inc()
        socket.exit.end(reason_for_clients(error))
        return {"name": "Error", "message": "temporarily unavailable"}
    except Exception:
        log.exception("message failed", extra={"type": kind})
        if kind == "CLIENT_READY":
            # A page would wait for CLIENT_VARS forever; without a connection it tries again.
            socket.exit.end()
        return {"name": "Error", "message": "internal error"}
    return OK
