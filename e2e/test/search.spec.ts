import { describe } from '@jest/globals';
import { searchSuite } from './search-suite.ts';

describe('a record of synthetic patients', () => searchSuite('synthetic'));
