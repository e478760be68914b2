import { eventStoreContract } from '@anamnesis/event-store/contract';
import { openEmbedded } from './open-embedded.ts';

eventStoreContract('the embedded adapter', openEmbedded);
