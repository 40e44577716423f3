"""The same template on this machine: start the local cloud, deploy, seed, buy."""
