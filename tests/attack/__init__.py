"""Attacks on a server, over its socket, for as long as one likes.

    python -m tests.attack --minutes 60

starts a server, plays the campaigns in turns, each round with a seed of its own, and prints what was tried and what was found.
Meanwhile another process asks for `/_emulator/ready` all the time: nobody may wait for what somebody else does.
"""
