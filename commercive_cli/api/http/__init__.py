"""HTTP: Function URL events, CORS, JSON, error statuses, the local server and outgoing requests."""
