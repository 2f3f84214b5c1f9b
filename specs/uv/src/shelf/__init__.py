"""Which books are on the shelf."""

from isbn import is_isbn


def main() -> None:
    """Says whether two numbers are those of books."""
    print(is_isbn("9780306406157"), is_isbn("9780306406158"))
