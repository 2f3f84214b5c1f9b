#!/bin/sh
set -eu
mkdir -p "$1"
for article in /site/articles/*.md; do
    cp "$article" "$1"
done
