import argparse
import os

import waitress

from . import create_app

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=2)
waitress.serve(create_app(), port=int(os.environ.get("PORT", "8000")), threads=parser.parse_args().threads)
