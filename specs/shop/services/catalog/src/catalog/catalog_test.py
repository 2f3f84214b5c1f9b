from . import answer

assert answer("/shoebill") == "120 EUR\n"
