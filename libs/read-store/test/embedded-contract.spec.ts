import { readStoreContract } from '@anamnesis/read-store/contract';
import { openEmbedded } from './open-embedded.ts';

readStoreContract('the embedded adapter', () => openEmbedded());
