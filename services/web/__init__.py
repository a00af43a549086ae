"""What a worker serves over HTTP beside the sockets: API, page, and view of the fleet."""
