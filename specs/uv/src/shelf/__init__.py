"""Which books are on the shelf."""

from isbn import is_isbn
from packaging.version import Version


def main() -> None:
    """Says whether two numbers are those of books."""
    print(is_isbn("9780306406157"), is_isbn("9780306406158"), Version("1.10") > Version("1.9"))
