"""The only place that builds adapters: one module for each function, so that none imports what it
does not use. Everything is built at first use and kept; `warm()` builds it while Lambda starts."""
