#!/bin/sh
set -eu
ls /site/fonts/*.txt > "$1"
