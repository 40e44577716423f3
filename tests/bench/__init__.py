"""What `make bench` measures. Each module measures one thing and answers figures keyed by name."""
