import { Fault } from '@anamnesis/kernel';

export const keyDestroyed = (): Fault => new Fault('key-destroyed', 'The key was destroyed; its events stay sealed.');

export const keyVaultClosed = (): Fault => new Fault('stopping', 'The key vault is closed.');
