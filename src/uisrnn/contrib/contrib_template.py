"""Template of a contribution: a module with a docstring that states its purpose, and a test in `tests/contrib`."""


def example_function() -> bool:
    """Placeholder for a function of a contribution.

    >>> example_function()
    True
    """
    return True
