def answer(path):
    return f"the card {path[1:]} holds 10 EUR\n"
