#!/bin/sh
# Makes the service's own role and database, once: neither a superuser nor one that row-level security does not hold for.
set -eu

psql --set ON_ERROR_STOP=1 --set password="$(cat /run/astroshield/astroshield)" --username postgres --dbname postgres <<'SQL'
CREATE ROLE astroshield LOGIN PASSWORD :'password';
CREATE DATABASE astroshield OWNER astroshield;
SQL
