"""The store of worlds that outlive the process: the port of an engine, engines, and the one thread that writes to them."""
