"""What a settings path may lead to: a module that breaks while it is imported."""

raise RuntimeError("not yet")
