"""The fan-out worker: holds the sockets of the clients and brings each one up to date.

In: `app` takes a socket, `messages` reads what it says, `join` puts it on a pad, `commits` sends
its edits to the writer. Out: `room` follows a pad's channel into a `feed`, `flush` says what a
session lacks, `exit` sends it.
"""
