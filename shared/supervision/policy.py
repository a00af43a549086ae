"""This module decides when a task that should live as long as its process counts as dead, and what
follows. It is pure: times are passed in, in seconds of any monotonic clock; `supervised_task` acts
on the decisions."""

import math
from dataclasses import dataclass
from typing import Final, Literal

DEADLINE: Final = 60.0
"""The seconds without progress after which a task counts as dead. This is longer than anything that
our tasks wait for: a command that a cluster does not answer takes up to half a minute to fail."""

IDLE: Final = math.inf
"""An endless pause: the task waits for work, and will not report before there is some."""

FIRST_PAUSE: Final = 0.25
"""The seconds before a task is restarted that failed for the first time."""

LONGEST_PAUSE: Final = 30.0

STEADY: Final = 60.0
"""The seconds of life after which earlier faults are forgiven."""

ATTEMPTS: Final = 8
"""The number of faults in a row with which a task is given up; the pauses between them add up to a
minute."""

Stage = Literal["running", "failed", "over", "given up"]


@dataclass(frozen=True)
class Policy:
    """What happens to a task that has died."""

    deadline: float = DEADLINE
    """The seconds that the task may go on without any progress, after a pause that it has
    announced."""

    attempts: int | None = ATTEMPTS
    """The number of faults in a row after which the task is given up, and the process with it. 1
    means that the task is never restarted; None means that it always is, because people are served
    without it."""

    @property
    def vital(self) -> bool:
        """Whether a process without this task should get no work."""
        return self.attempts is not None


LASTING: Final = Policy()
"""The policy for what the process cannot do without."""

DISPENSABLE: Final = Policy(attempts=None)
"""The policy for what people are served without: tasks that measure, tidy or report."""


class Life:
    """What is known about one task, from its first start to its end."""

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
        self.may_end = False  #: it is about to have done all that there is to do
        self.restarts = 0
        self.in_a_row = 0  #: faults without a steady life between them
        self.why = ""  #: its last fault; "" once it has recovered
        self.began = self.progressed_at = now
        self.due = now + policy.deadline  #: when it counts as dead, or is restarted

    def begun(self, now: float) -> None:
        """Records that the task runs, for the first time or again."""
        if self.stage == "failed":
            self.restarts += 1
        self.stage = "running"
        self.began = self.progressed_at = now
        self.due = now + self._policy.deadline

    def progressed(self, now: float, pause: float) -> None:
        """Records that the task has made progress, and will not report for `pause` seconds."""
        if self.stage != "running":
            return
        self.progressed_at = now
        self.due = now + max(0.0, pause) + self._policy.deadline
        self.why = ""
        if now - self.began >= STEADY:
            self.in_a_row = 0

    def overdue(self, now: float) -> bool:
        """Returns whether the task runs, as it seems, but counts as dead."""
        return self.stage == "running" and now > self.due

    def failed(self, now: float, why: str, chance: float) -> float | None:
        """Records that the task has died. Returns after how many seconds it is to be restarted, or
        None if it is given up, and the process has to end. `chance`, from 0 to 1, spreads the
        restarts of tasks that fail together.
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
        """Records that the task has returned, which is a fault unless it may. Returns what `failed`
        returns; also None when nothing is left to be done: see `stage`."""
        if not self.may_end:
            return self.failed(now, "it returned, and should go on", chance)
        self.over()
        return None

    def over(self) -> None:
        """Records that the task has done its part, or was asked to stop."""
        self.stage, self.why = "over", ""

    def give_up(self, why: str) -> None:
        """Records that the task cannot be restarted."""
        self.stage, self.why = "given up", why

    def age(self, now: float) -> float:
        """Returns the seconds since the task's last progress."""
        return max(0.0, now - self.progressed_at)

    def trouble(self, now: float) -> str | None:
        """Returns what is wrong with the task, in words. A task that has failed is well again when
        it has made progress since, and not as soon as it runs, since it may only be about to fail
        as before."""
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
