"""What a contribution looks like: a module with a docstring that says what it is for, and a test beside the others."""


def example_function() -> bool:
    """Show where a contribution's function stands.

    >>> example_function()
    True
    """
    return True
