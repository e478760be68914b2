export { startAnamnesis, type Anamnesis, type StartOptions } from './start-anamnesis.ts';
