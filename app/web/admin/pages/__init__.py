"""The pages. Each module has a `router`, and a `NAV` entry where it stands in the menu."""
