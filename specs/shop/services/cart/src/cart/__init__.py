def answer(path):
    return f"the cart of {path[1:] or 'nobody'} is empty\n"
