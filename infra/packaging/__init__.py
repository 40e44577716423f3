"""How layers and functions become what Lambda loads."""
