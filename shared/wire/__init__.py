"""What is on the wire between clients and servers: Socket.IO packets, and JSON in which a lone
surrogate survives (`jsontext`). `socketio` is for our clients; what workers send and read is in
`services/fanout/transport`.
"""
