"""A server with a store, killed at any instant, and what its clients heard beside what is there afterwards.

    python -m tests.crash --minutes 60 --tally crash.json

goes on where the tally ended. Clients of all three vendors act in worlds of a server on one file; it is killed, frozen, its disk is
full or fails, and after each start on the same file everything is compared with what was answered.
"""
