"""Events: what happened to jobs and destinations."""
