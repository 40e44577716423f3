"""Remote things and their quirks: tables, keys, queues, mail, payment providers."""
