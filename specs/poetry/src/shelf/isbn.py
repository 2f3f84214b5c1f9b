"""Numbers of books."""


def is_isbn(text: str) -> bool:
    """Whether the digits of an ISBN-13 fit together."""
    return sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(text)) % 10 == 0
