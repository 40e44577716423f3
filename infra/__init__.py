"""What deploys Scrip: packaging, the local cloud, the operator's command line."""
