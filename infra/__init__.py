"""The deployable truth (YAML) and what deploys it: packaging, the local cloud, the operator's command line."""
