"""The work of each endpoint, once every check has passed: one file per page of the remote's documentation."""
