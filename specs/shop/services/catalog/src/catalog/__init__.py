BIRDS = {"/": "hamerkop, shoebill", "/hamerkop": "35 EUR", "/shoebill": "120 EUR"}


def answer(path):
    return BIRDS.get(path, "no such bird") + "\n"
