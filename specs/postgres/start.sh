#!/bin/sh
# Makes the cluster at the first start, then becomes the server.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --auth=trust --encoding=UTF8 >/dev/null
    printf "include '/etc/pg/server.conf'\n" >>"$PGDATA/postgresql.conf"
fi
exec postgres "$@"
