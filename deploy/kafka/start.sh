#!/bin/bash
# Formats the storage the first time, with the one account that clients have, and starts the broker in its place.
set -euo pipefail
properties=/etc/anamnesis/server.properties
home=${KAFKA_HOME:-/opt/kafka}

if [[ ! -f /var/lib/kafka/data/meta.properties ]]; then
  password=$(</run/secrets/kafka-password)
  "$home/bin/kafka-storage.sh" format --cluster-id "$("$home/bin/kafka-storage.sh" random-uuid)" --config "$properties" \
    --add-scram "SCRAM-SHA-512=[name=anamnesis,password=$password]"
fi
exec "$home/bin/kafka-server-start.sh" "$properties"
