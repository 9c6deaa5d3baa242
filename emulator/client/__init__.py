"""The handle: what a test, a script or a notebook holds to steer a world, on a server in this process or elsewhere."""
