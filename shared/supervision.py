"""When a task that should live as long as its process counts as dead, and what follows. Pure: the
moments are given, in seconds of any clock that only goes forward; `supervisor` acts on it.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

DEADLINE: Final = 60.0
"""Seconds without progress after which a task counts as dead. Longer than whatever a task of ours
waits for: a command that a cluster does not answer takes up to half a minute to fail."""

IDLE: Final = math.inf
"""A pause without end: the task waits for work, and will not be heard of before there is some."""

FIRST_PAUSE: Final = 0.25
"""Seconds before a task is begun again that failed for the first time."""

LONGEST_PAUSE: Final = 30.0

STEADY: Final = 60.0
"""Seconds of life after which the faults before it are forgiven."""

ATTEMPTS: Final = 8
"""Faults in a row with which a task is given up; the pauses between them come to a minute."""

Stage = Literal["running", "failed", "over", "given up"]


@dataclass(frozen=True)
class Policy:
    """What is to become of a task that has died."""

    deadline: float = DEADLINE
    """Seconds that it may go on, after a pause which it has announced, without any progress."""

    attempts: int | None = ATTEMPTS
    """Faults in a row with which it is given up, and the process with it; 1: it is never begun
    again; None: it always is, because people are served without it."""

    @property
    def vital(self) -> bool:
        """Whether a process without this task should get no work."""
        return self.attempts is not None


LASTING: Final = Policy()
"""The policy for what the process cannot do without."""

DISPENSABLE: Final = Policy(attempts=None)
"""For what people are served without: it measures, tidies or tells."""


class Life:
    """What is known of one task, from its first start to its end."""

    __slots__ = (
        "_policy",
        "began",
        "due",
        "in_a_row",
        "may_end",
        "progressed_at",
        "restarts",
        "stage",
        "why",
    )

    def __init__(self, policy: Policy, now: float) -> None:
        self._policy = policy
        self.stage: Stage = "running"
        self.may_end = False  #: it is about to have done all that there is for it
        self.restarts = 0
        self.in_a_row = 0  #: faults, with no steady life between them
        self.why = ""  #: its last fault; "" as soon as it is over that
        self.began = self.progressed_at = now
        self.due = now + policy.deadline  #: when it counts as dead, or is begun again

    def begun(self, now: float) -> None:
        """It runs, for the first time or again."""
        if self.stage == "failed":
            self.restarts += 1
        self.stage = "running"
        self.began = self.progressed_at = now
        self.due = now + self._policy.deadline

    def progressed(self, now: float, pause: float) -> None:
        """It has got on, and is not to be heard of for `pause` seconds."""
        if self.stage != "running":
            return
        self.progressed_at = now
        self.due = now + max(0.0, pause) + self._policy.deadline
        self.why = ""
        if now - self.began >= STEADY:
            self.in_a_row = 0

    def overdue(self, now: float) -> bool:
        """Whether it runs, as it seems, and counts as dead."""
        return self.stage == "running" and now > self.due

    def failed(self, now: float, why: str, chance: float) -> float | None:
        """It has died. Returns after how many seconds it is to be begun again, or None: it is given
        up, and the process has to end. `chance`, from 0 to 1, keeps those apart that fail together.
        """
        if self.progressed_at - self.began >= STEADY:
            self.in_a_row = 0
        self.in_a_row += 1
        self.why = why
        if self._policy.attempts is not None and self.in_a_row >= self._policy.attempts:
            self.give_up(why)
            return None
        self.stage = "failed"
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.in_a_row - 1, 30))
        pause *= 0.5 + chance / 2
        self.due = now + pause
        return pause

    def returned(self, now: float, chance: float) -> float | None:
        """It has come to an end by itself, which is a fault unless it may. As `failed`; None too
        when nothing is left to be done: see `stage`."""
        if not self.may_end:
            return self.failed(now, "it returned, and should go on", chance)
        self.over()
        return None

    def over(self) -> None:
        """It has done its part, or was told to stop."""
        self.stage, self.why = "over", ""

    def give_up(self, why: str) -> None:
        """It cannot be begun again."""
        self.stage, self.why = "given up", why

    def age(self, now: float) -> float:
        """Seconds since it last got on."""
        return max(0.0, now - self.progressed_at)

    def trouble(self, now: float) -> str | None:
        """What is wrong with it, in words. A task that has failed is well again when it has got on
        since, and not as soon as it runs: it may only be about to fail as before."""
        times = f"failed {self.in_a_row} times in a row" if self.in_a_row > 1 else "failed"
        match self.stage:
            case "given up":
                return f"{times}, and the process ends: {self.why}"
            case "failed":
                left = max(0.0, self.due - now)
                return f"{times}, and is begun again in {left:.1f} s: {self.why}"
            case "running" if self.overdue(now):
                return f"has made no progress for {self.age(now):.1f} s"
            case "running" if self.why:
                return f"{times}, and has been begun again: {self.why}"
        return None
