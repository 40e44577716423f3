"""Stand-ins for suppliers over loopback: one book of orders and charges, one dialect a supplier."""
