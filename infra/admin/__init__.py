"""`scrip-admin`: the operator's command line, the same against AWS and the local cloud.

`main.py` names the commands, one module each noun. `stack.py` finds a deployment's tables, key and
queues; what a command does is a flow of `scrip.flows`, so it obeys the rules the functions obey.
"""
