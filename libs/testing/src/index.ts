export { OtlpCollector, type ReceivedPoint, type ReceivedSpan } from './otlp-collector.ts';
export { drawFrom, type Draw } from './patients/draw.ts';
export { syntheticNetwork } from './patients/network.ts';
export { SYSTEM as SYNTHETIC_SYSTEM } from './patients/catalogue.ts';
export { syntheticChart, syntheticCharts, SMALLEST_CHART, type ChartOptions } from './patients/synthetic-chart.ts';
export { syntheticPatient, syntheticPatients, TODAY } from './patients/synthetic-patient.ts';
export { folded, specify, type Outcome, type Story } from './given.ts';
export { retrySafe, type RetryCase } from './retry-safe.ts';
