"""This module limits how many sockets there may be, in all and from one address. It is pure."""

from collections import Counter
from enum import Enum

from padfleet.shared.payers import Payer


class QuotaExceeded(Enum):
    """The reasons why there is no place. The value is the metric's label."""

    WORKER = "sockets"
    ADDRESS = "sockets_per_address"


class ConnectionQuota:
    def __init__(self, *, total: int, per_address: int) -> None:
        """Takes the limits on all sockets, and on those from one address; 0 means no limit."""
        self._total = total
        self._per_address = per_address
        self._taken = 0
        self._by_address: Counter[Payer] = Counter()

    def why_not(self, payer: Payer) -> QuotaExceeded | None:
        """Returns why there is no place for one more, or None if there is one."""
        if self._total and self._taken >= self._total:
            return QuotaExceeded.WORKER
        if self._per_address and self._by_address.get(payer, 0) >= self._per_address:
            return QuotaExceeded.ADDRESS
        return None

    def take(self, payer: Payer) -> None:
        self._taken += 1
        if self._per_address:
            self._by_address[payer] += 1

    def give_back(self, payer: Payer) -> None:
        self._taken -= 1
        if self._per_address:
            self._by_address[payer] -= 1
            if not self._by_address[payer]:
                del self._by_address[payer]
