"""Implements an event loop on simulated time, which several hosts share and whose order is decided
by chance.

Each host has a queue of its own, first come, first served, as asyncio promises to a process. Chance
decides in which order hosts have their turns, and which of several timers of one moment comes
first. Time stands still while code runs, except for a few microseconds for each callback, and jumps
to the next timer when no host has anything to do.
"""

from __future__ import annotations

import asyncio
import random
from asyncio import Handle, TimerHandle, format_helpers
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from heapq import heapify, heappop, heappush
from typing import Any, Final

from tests.world.disguise import NotSimulated
from tests.world.host import HOST, Host

CALLBACK: Final = 5e-6
"""How many seconds each callback takes, so that code that waits by polling makes progress."""

THREAD: Final = (0.0002, 0.02)
"""How many seconds pass until work for a thread has run: all at once, at the end of them."""


class Deadlock(RuntimeError):
    """Nothing is ready, and nothing ever will be."""


Call = tuple[Callable[..., object], tuple[Any, ...]]
"""A callable and its arguments."""


class _Handle(Handle):
    """asyncio's handle, of which a run makes a hundred thousand, without its debug mode."""

    __slots__ = ()

    # All are the same for all handles, so none takes time to set.
    _loop = None
    _repr = _source_traceback = None

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], context: Context
    ) -> None:
        self._callback = callback
        self._args = args
        self._context = context
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True
        self._callback = self._args = None  # type: ignore[assignment]


class _Timer(TimerHandle):
    """asyncio's timer, without its debug mode."""

    __slots__ = ()

    _loop = None
    _repr = _source_traceback = None
    _scheduled = False

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context,
    ) -> None:
        self._when = when
        self._callback = callback
        self._args = args
        self._context = context
        self._cancelled = False

    def cancel(self) -> None:
        """Cancels the timer, which is skipped when its time comes."""
        self._cancelled = True
        self._callback = self._args = None  # type: ignore[assignment]


class WorldLoop(asyncio.BaseEventLoop):
    """The event loop of one run. Callbacks of a host that has died are never run, and never freed:
    a killed process does not run its clean-up code either."""

    def __init__(self, dice: random.Random, start: float = 1000.0) -> None:
        """Takes the dice that decide the order, and the first time of the clock, in seconds."""
        super().__init__()
        # It is asked for by each future; `bool()` is False, and takes less than a method.
        self.get_debug = bool  # type: ignore[method-assign]
        self.now = start
        self.outside = Host("outside", "10.0.0.1", 0)
        """The host of everything that belongs to no host: the network, the faults, the code that
        drives the run."""
        self.hosts: list[Host] = [self.outside]
        self._awake: list[Host] = []
        """The hosts that have something ready, even while they are frozen."""
        self.dice = dice
        self.graves: list[object] = []
        self.turns = 0
        self._timers: list[tuple[float, float, TimerHandle | Call]] = []
        """The timers by their time, in a random order among those of one moment."""
        self.network: Any = None  #: a `network.Network`, which makes itself known here

    # --- Time and order --------------------------------------------------------------------------

    def time(self) -> float:
        return self.now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Handle:
        if context is None:
            context = copy_context()
        handle = _Handle(callback, args, context)
        host = context.get(HOST, self.outside)
        host.ready.append(handle)
        if not host.waits_for_turn:
            host.waits_for_turn = True
            self._awake.append(host)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def soon_on(
        self, host: Host, context: Context, call: Callable[..., object], *args: Any
    ) -> None:
        """Schedules a call for the network, as `call_soon` does, on a host that it knows."""
        self.again_on(host, _Handle(call, args, context))

    def again_on(self, host: Host, handle: Handle) -> None:
        """Schedules a call that `handle_of` has made, and that is not scheduled now."""
        host.ready.append(handle)
        if not host.waits_for_turn:
            host.waits_for_turn = True
            self._awake.append(host)

    @staticmethod
    def handle_of(context: Context, call: Callable[..., object]) -> Handle:
        """Returns a call that can be scheduled again and again."""
        return _Handle(call, (), context)

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> TimerHandle:
        when = self.now + delay
        timer = _Timer(when, callback, args, context or copy_context())
        heappush(self._timers, (when, self.dice.random(), timer))
        return timer

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> TimerHandle:
        timer = _Timer(when, callback, args, context or copy_context())
        heappush(self._timers, (when, self.dice.random(), timer))
        return timer

    def at(self, when: float, call: Callable[..., object], *args: Any) -> None:
        """Schedules a call for the network, which makes most of them: as `call_at` does, for calls
        that belong to no host and are never cancelled."""
        heappush(self._timers, (when, self.dice.random(), (call, args)))

    def _run_once(self) -> None:
        """Runs until somebody stops the loop."""
        awake, pop, dice = self._awake, heappop, self.dice.random
        while not self._stopping:  # type: ignore[attr-defined]
            timers = self._timers
            while timers and timers[0][0] <= self.now:
                timer = pop(timers)[2]
                if type(timer) is tuple:
                    timer[0](*timer[1])
                    self.turns += 1
                elif not timer._cancelled:  # type: ignore[union-attr]
                    host = timer._context.get(HOST, self.outside)  # type: ignore[union-attr]
                    host.ready.append(timer)
                    if not host.waits_for_turn:
                        host.waits_for_turn = True
                        awake.append(host)
            if awake:
                host = awake[0] if len(awake) == 1 else awake[int(dice() * len(awake))]
                if not host.frozen:
                    self._turn(host)
                    continue
                runs = [host for host in awake if not host.frozen]
                if runs:
                    self._turn(runs[int(dice() * len(runs))])
                    continue
            while timers and type(timers[0][2]) is not tuple and timers[0][2]._cancelled:  # type: ignore[union-attr]
                pop(timers)
            if not timers:
                raise Deadlock("no callback is ready, and no timer runs")
            self.now = max(self.now, timers[0][0])

    def _turn(self, host: Host) -> None:
        """Runs what is ready on a host now, and not what becomes ready during it."""
        ready = host.ready
        turns = len(ready)
        take = ready.popleft
        for _ in range(turns):
            handle = take()
            if not handle._cancelled:
                try:
                    args = handle._args
                    if args:  # seldom, and an empty tuple takes longer than none
                        handle._context.run(handle._callback, *args)  # type: ignore[attr-defined]
                    else:
                        handle._context.run(handle._callback)  # type: ignore[attr-defined]
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:
                    self._failed(handle, error)
            if host.frozen or not host.alive:
                break
        self.turns += turns
        self.now += turns * CALLBACK
        if not ready and host.alive:
            host.waits_for_turn = False
            self._awake.remove(host)

    def _failed(self, handle: Handle, error: BaseException) -> None:
        """Reports a fault as asyncio does."""
        called = format_helpers._format_callback_source(handle._callback, handle._args)  # type: ignore[attr-defined]
        self.call_exception_handler(
            {
                "message": f"Exception in callback {called}",
                "exception": error,
                "handle": handle,
            }
        )

    # --- Hosts -----------------------------------------------------------------------------------

    def add(self, host: Host) -> None:
        self.hosts.append(host)

    def bury(self, host: Host) -> None:
        """Ends a host: none of its code runs any more, not even in `finally`."""
        host.alive = False
        self.hosts.remove(host)
        if host.waits_for_turn:
            self._awake.remove(host)
        host.waits_for_turn = True  # nothing that reaches it has any effect
        # Whatever were freed would be closed, and would run to its end.
        self.graves += [host, host.ready, *asyncio.all_tasks(self)]
        theirs = [each for each in self._timers if _host_of(each[2]) is host]
        self.graves += theirs
        if theirs:
            self._timers = [each for each in self._timers if _host_of(each[2]) is not host]
            heapify(self._timers)

    def _host(self) -> Host:
        return HOST.get(self.outside)

    def add_signal_handler(  # type: ignore[override]
        self, sig: int, callback: Callable[..., object], *args: Any
    ) -> None:
        self._host().signals[sig] = (callback, args)

    def remove_signal_handler(self, sig: int) -> bool:
        return self._host().signals.pop(sig, None) is not None

    # --- Sockets ---------------------------------------------------------------------------------

    async def create_connection(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        return await self.network.create_connection(protocol_factory, *args, **options)

    async def create_server(self, protocol_factory: Any, *args: Any, **options: Any) -> Any:
        return await self.network.create_server(protocol_factory, *args, **options)

    async def sock_connect(self, sock: Any, address: Any) -> None:
        await self.network.connect(sock, address)

    async def getaddrinfo(self, host: Any, port: Any, **_options: Any) -> list[Any]:
        return list(self.network.addresses(host, port))

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        return str(sockaddr[0]), str(sockaddr[1])

    # --- What would run beside the loop ----------------------------------------------------------

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Runs work for a thread in line, a moment later. Refuses any executor but the default
        one."""
        if executor is not None:
            raise NotSimulated("an executor of one's own: only asyncio.to_thread is simulated")
        answer: asyncio.Future[Any] = self.create_future()

        def run() -> None:
            if answer.cancelled():
                return
            try:
                result = func(*args)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:
                answer.set_exception(error)
            else:
                answer.set_result(result)

        self.call_later(self.dice.uniform(*THREAD), run, context=copy_context())
        return answer

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Does nothing, since there are no threads."""

    async def subprocess_exec(self, *args: Any, **options: Any) -> Any:
        raise NotSimulated(f"{args[1:2]!r} was to be run: a simulation has no other programs")

    async def subprocess_shell(self, *args: Any, **options: Any) -> Any:
        raise NotSimulated("a command was to be run by a shell: there is none in simulations")

    def _refuse(self, *_args: Any, **_options: Any) -> Any:
        raise NotSimulated("this call of an event loop is not simulated: see tests/world/loop.py")

    add_reader = add_writer = _refuse  # type: ignore[assignment]
    remove_reader = remove_writer = _refuse
    create_datagram_endpoint = create_unix_connection = create_unix_server = _refuse
    connect_accepted_socket = start_tls = connect_read_pipe = connect_write_pipe = _refuse
    sock_recv = sock_recv_into = sock_sendall = sock_accept = _refuse
    _make_socket_transport = _make_ssl_transport = _refuse

    def _write_to_self(self) -> None:
        """Does nothing, since nobody waits in a selector."""

    def _process_events(self, event_list: Sequence[Any]) -> None:
        """Does nothing, since there is no selector."""


def _host_of(timer: TimerHandle | Call) -> Host | None:
    if isinstance(timer, tuple):
        return None
    return timer._context.get(HOST, None)  # type: ignore[attr-defined,no-any-return]
