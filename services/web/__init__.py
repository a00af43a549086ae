"""Everything that a worker serves over HTTP beside the sockets: the API, the page, and the view of
the fleet."""
