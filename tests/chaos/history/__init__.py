"""Records what a pad's clients saw, and checks whether it is what they were promised.

async with await Typists.start(urls, ["a", "b"], clients=100, rate=1.0) as typists:
    fault_time = time.monotonic()
    ...  # something breaks
    late = await typists.quiesce(30, lambda: read_heads(redis_url, ["a", "b"]))
    recordings = await typists.finish()
for stream in await read_streams(redis_url, ["a", "b"]):
    verdict = check(recordings, stream)
    assert verdict.ok, str(verdict)
print(outage(recordings, fault_time).back)
"""

from tests.chaos.history.checker import check
from tests.chaos.history.crowd import Line, Stay, Typists
from tests.chaos.history.findings import Finding, Kind, Verdict
from tests.chaos.history.outage import Outage, Spread, outage
from tests.chaos.history.recording import Recording, from_lines, to_lines
from tests.chaos.history.returns import Return, busiest, returns
from tests.chaos.history.stream import Rollback, Stream, read_heads, read_streams

__all__ = [
    "Finding",
    "Kind",
    "Line",
    "Outage",
    "Recording",
    "Return",
    "Rollback",
    "Spread",
    "Stay",
    "Stream",
    "Typists",
    "Verdict",
    "busiest",
    "check",
    "from_lines",
    "outage",
    "read_heads",
    "read_streams",
    "returns",
    "to_lines",
]
