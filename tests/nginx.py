"""The real nginx with deploy/balancer/nginx.conf, before processes of a test."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

NGINX = Path(__file__).parents[1] / "deploy" / "balancer" / "nginx.conf"


def nginx(folder: Path, port: int, workers: Sequence[int], etherpad: str = "") -> list[str]:
    """The command. `port` is nginx's own, `workers` are theirs, all on 127.0.0.1; `etherpad` is the
    host and port of what serves all but `/socket.io/`."""
    servers = "".join(
        f"        server 127.0.0.1:{worker} max_fails=2 fail_timeout=5s;\n" for worker in workers
    )
    text, count = re.subn(
        r"(hash \$route consistent;\n).*?( *keepalive)",
        lambda found: f"{found[1]}{servers}{found[2]}",
        NGINX.read_text(),
        flags=re.S,
    )
    assert count == 1
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};")
    if etherpad:
        text = text.replace("server 127.0.0.1:9000;", f"server {etherpad};")
    path = folder / "nginx.conf"
    path.write_text(text)
    options = f"daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;"
    return ["nginx", "-p", str(folder), "-c", str(path), "-g", options]
