import { bytes, duration, list, oneOf, setting, text, webAddresses, webOrigin, wholeNumber } from './setting.ts';

/** Every setting there is, in the order in which help and documentation show them. */
export const SETTINGS = {
  host: setting('HOST', 'The address to listen on.', text, '127.0.0.1'),
  port: setting('PORT', 'The port to listen on; 0 takes any free one.', wholeNumber(0, 65_535), '8080'),
  publicUrl: setting(
    'PUBLIC_URL',
    'The address people reach the service by, when it stands behind a proxy: the base of links and of the token issuer. Without it: http://HOST:PORT. Needed where HOST stands for every address (0.0.0.0, ::).',
    webOrigin,
    undefined,
  ),
  trustedProxies: setting(
    'ANAMNESIS_TRUSTED_PROXIES',
    'Addresses or networks (comma-separated) of proxies whose X-Forwarded-For is believed. Without it: none.',
    list(/^[0-9a-fA-F.:]{2,45}(\/\d{1,3})?$/, 'must be IP addresses or networks separated by commas'),
    undefined,
  ),
  dataFolder: setting('ANAMNESIS_DATA', 'The folder that holds the log, the keys and everything else.', text, './data'),
  erasures: setting(
    'ANAMNESIS_ERASURES',
    'The ledger of erasures, a file outside the data folder. Without it a restored copy of the data folder can bring an erased person back.',
    text,
    undefined,
  ),
  facilities: setting(
    'ANAMNESIS_FACILITIES',
    'The facilities of the network (comma-separated identifiers); demo users work in the first two.',
    list(
      /^[A-Za-z0-9.-]{1,64}$/,
      'must be identifiers of 1 to 64 letters, digits, dots or dashes, separated by commas',
    ),
    'F1,F2',
  ),
  demoUsers: setting(
    'ANAMNESIS_DEMO_USERS',
    'A demo user for each role. `auto`: on when both HOST and PUBLIC_URL are loopback addresses, else off. `on` is refused elsewhere.',
    oneOf('auto', 'on', 'off'),
    'auto',
  ),
  webRedirects: setting(
    'ANAMNESIS_WEB_REDIRECTS',
    'Addresses (comma-separated) that a browser may be sent back to after sign-in, besides /signed-in of this service.',
    webAddresses,
    undefined,
  ),
  tokenTtl: setting('ANAMNESIS_TOKEN_TTL', 'How long an access token is good for.', duration(30_000, 3_600_000), '5m'),
  bodyBytes: setting(
    'ANAMNESIS_BODY_BYTES',
    'The largest request body; more answers 413.',
    bytes(1_024, 1_073_741_824),
    '64MiB',
  ),
  nesting: setting(
    'ANAMNESIS_NESTING',
    'The deepest nesting of JSON in a request; more answers 400.',
    wholeNumber(8, 1_000),
    '64',
  ),
  countDefault: setting(
    'ANAMNESIS_COUNT_DEFAULT',
    'Results on a page when a search names no `_count`.',
    wholeNumber(1, 1_000),
    '50',
  ),
  countMax: setting(
    'ANAMNESIS_COUNT_MAX',
    'The most results on a page; a larger `_count` is lowered to it.',
    wholeNumber(1, 1_000),
    '1000',
  ),
  parameters: setting(
    'ANAMNESIS_PARAMETERS',
    'The most parameters of one search; more answers 400.',
    wholeNumber(1, 1_000),
    '100',
  ),
  positionWait: setting(
    'ANAMNESIS_POSITION_WAIT',
    'How long a query waits for the position it must reflect (X-Anamnesis-Min-Position) before it answers 504.',
    duration(0, 60_000),
    '5s',
  ),
  shutdownWait: setting(
    'ANAMNESIS_SHUTDOWN_WAIT',
    'How long requests in flight may take at shutdown before their connections are cut.',
    duration(0, 600_000),
    '20s',
  ),
  logLevel: setting(
    'ANAMNESIS_LOG_LEVEL',
    'The least level that is logged.',
    oneOf('debug', 'info', 'warn', 'error', 'silent'),
    'info',
  ),
  retentionClinicalYears: setting(
    'ANAMNESIS_RETENTION_CLINICAL_YEARS',
    'Years that clinical data is kept from its last event on. Erasure is refused while it is not configured.',
    wholeNumber(0, 200),
    undefined,
  ),
  retentionFinancialYears: setting(
    'ANAMNESIS_RETENTION_FINANCIAL_YEARS',
    'Years that financial data is kept from its last event on. Erasure is refused while it is not configured.',
    wholeNumber(0, 200),
    undefined,
  ),
  retentionAccessYears: setting(
    'ANAMNESIS_RETENTION_ACCESS_YEARS',
    'Years that access records are kept: at least six (45 CFR 164.316(b)(2)(i)). Without it they are kept for ever.',
    wholeNumber(6, 200),
    undefined,
  ),
} as const;

/** The standard variables that turn telemetry on and steer it; read by the OpenTelemetry SDK itself. */
export const TELEMETRY_VARIABLES: Readonly<Record<string, string>> = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'Where traces and metrics go; setting it turns both on.',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'Where traces go; setting it turns traces on.',
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'Where metrics go; setting it turns metrics on.',
  OTEL_TRACES_EXPORTER: 'The exporter of traces (`otlp`, `console`, `none`); anything but `none` turns traces on.',
  OTEL_METRICS_EXPORTER: 'The exporter of metrics (`otlp`, `console`, `none`); anything but `none` turns metrics on.',
  OTEL_SERVICE_NAME: 'The name it reports itself by: `anamnesis`; in the cluster `anamnesis-gateway` and so on.',
  OTEL_RESOURCE_ATTRIBUTES: 'Further attributes of the service.',
  OTEL_NODE_RESOURCE_DETECTORS: 'What it tells of where it runs; by default `env,host,serviceinstance`.',
  OTEL_TRACES_SAMPLER: 'Which traces are kept.',
  OTEL_SDK_DISABLED: '`true` keeps telemetry off whatever else is set.',
};
