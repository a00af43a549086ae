from prometheus_client import Counter

CALLS = Counter(
    "padfleet_api_calls_total", "Calls of the HTTP API, by function and code", ["function", "code"]
)
