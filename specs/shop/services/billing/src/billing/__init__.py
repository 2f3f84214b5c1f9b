import pathlib


def answer(path):
    """An invoice, from the template beside the sources."""
    template = pathlib.Path("/app/templates/invoice.txt").read_text()
    return template.replace("NUMBER", path[1:] or "0")
