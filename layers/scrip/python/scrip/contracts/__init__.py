"""What crosses the wire: HTTP bodies, queue messages, stream events, problem details."""
