import argparse
import os
import platform

parser = argparse.ArgumentParser()
parser.add_argument("--queue", required=True)
parser.add_argument("--batch", type=int, default=1)
arguments = parser.parse_args()
python = ".".join(platform.python_version_tuple()[:2])
print(f"{arguments.queue} by {arguments.batch} from {os.environ['PGDATABASE']}, Python {python}")
