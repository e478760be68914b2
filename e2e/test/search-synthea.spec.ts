import { describe, it } from '@jest/globals';
import { hasSynthea } from '../src/index.ts';
import { searchSuite } from './search-suite.ts';

describe('a record of the Synthea files', () => {
  if (hasSynthea()) searchSuite('synthea');
  else it.skip('needs the folder shared/data/synthea-r4 beside the repository', () => undefined);
});
