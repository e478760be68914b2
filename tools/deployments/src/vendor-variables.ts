/** Variables of engines' images that compose.yaml may set, by the image's name, with where the vendor documents them. */
export const VENDOR_VARIABLES: Readonly<
  Record<string, { readonly documented: string; readonly names: readonly string[] }>
> = {
  'eventstore/eventstore': {
    documented: 'https://developers.eventstore.com/server/v24.10/configuration/',
    names: [
      'EVENTSTORE_CLUSTER_SIZE',
      'EVENTSTORE_NODE_IP',
      'EVENTSTORE_NODE_HOST_ADVERTISE_AS',
      'EVENTSTORE_RUN_PROJECTIONS',
      'EVENTSTORE_MAX_APPEND_SIZE',
      'EVENTSTORE_DISABLE_LOG_FILE',
      'EVENTSTORE_CERTIFICATE_FILE',
      'EVENTSTORE_CERTIFICATE_PRIVATE_KEY_FILE',
      'EVENTSTORE_TRUSTED_ROOT_CERTIFICATES_PATH',
      'EVENTSTORE_TELEMETRY_OPTOUT',
      'DOTNET_EnableDiagnostics',
    ],
  },
  'apache/kafka': {
    documented: "bin/kafka-run-class.sh and bin/kafka-server-start.sh of Kafka's distribution",
    names: ['KAFKA_HEAP_OPTS', 'KAFKA_LOG4J_OPTS', 'LOG_DIR', 'EXTRA_ARGS'],
  },
  mongo: {
    documented: 'https://hub.docker.com/_/mongo',
    names: ['MONGO_INITDB_ROOT_USERNAME', 'MONGO_INITDB_ROOT_PASSWORD_FILE', 'HOME'],
  },
  postgres: {
    documented: 'https://hub.docker.com/_/postgres',
    names: ['POSTGRES_DB', 'POSTGRES_USER', 'POSTGRES_PASSWORD_FILE', 'PGDATA'],
  },
  'anamnesis/keycloak': {
    documented: 'https://www.keycloak.org/server/all-config',
    names: [
      'KC_DB_URL',
      'KC_DB_USERNAME',
      'KC_HOSTNAME',
      'KC_HOSTNAME_BACKCHANNEL_DYNAMIC',
      'KC_PROXY_HEADERS',
      'KC_PROXY_TRUSTED_ADDRESSES',
      'KC_HTTPS_CERTIFICATE_FILE',
      'KC_HTTPS_CERTIFICATE_KEY_FILE',
      'KC_HTTP_MANAGEMENT_SCHEME',
      'JAVA_OPTS_KC_HEAP',
      'JAVA_OPTS_APPEND',
      // The placeholder of the realm file.
      'ANAMNESIS_PUBLIC_URL',
    ],
  },
  'openbao/openbao': {
    documented: 'https://openbao.org/docs/commands/',
    names: ['BAO_ADDR', 'BAO_CACERT', 'HOME'],
  },
  'otel/opentelemetry-collector': { documented: 'https://opentelemetry.io/docs/collector/', names: [] },
};

/** What our own processes read beside their settings: Node's, OpenTelemetry's and the Kafka client's. */
export const RUNTIME_VARIABLES: readonly string[] = [
  'NODE_EXTRA_CA_CERTS',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'KAFKAJS_NO_PARTITIONER_WARNING',
];
