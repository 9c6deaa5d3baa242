"""uvicorn around the application: sockets, TLS, and the protocol that reads requests and writes responses within bounds."""
