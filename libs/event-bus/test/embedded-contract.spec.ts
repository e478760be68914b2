import { eventBusContract } from '@anamnesis/event-bus/contract';
import { openEmbedded } from './open-embedded.ts';

eventBusContract('the embedded adapter', openEmbedded);
