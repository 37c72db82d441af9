"""A package, because another one that is named `tests` may be installed beside it (ciw brings one)."""
