"""Steps that several flows take. A step imports the domain only, and no step imports another."""
