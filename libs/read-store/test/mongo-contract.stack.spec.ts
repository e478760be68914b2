import { jest } from '@jest/globals';
import { readStoreContract } from '@anamnesis/read-store/contract';
import { openMongo } from './open-mongo.ts';

// The engine that stands in for MongoDB here takes its time over thousands of small questions.
jest.setTimeout(900_000);

readStoreContract('the MongoDB adapter', () => openMongo());
