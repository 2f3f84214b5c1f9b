#!/bin/sh
set -eu
sqlite3 "$1" </usr/local/share/report/schema.sql
sqlite3 "$1" "insert into run(at) values (datetime('now'))"
