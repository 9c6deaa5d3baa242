"""The model: jobs, the account, versions, and the endpoints that jobs may call."""
