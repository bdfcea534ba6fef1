"""Values that every stage agrees on: instants, money, currencies, event ids. Pure."""
