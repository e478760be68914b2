import { Fault, newId } from '@anamnesis/kernel';
import type { EmbeddedEventStore } from '../embedded/embedded-event-store.ts';
import { logName } from './stream-names.ts';
import { JSON_CONTENT, toNewEvent, WIRE_META } from './wire-event.ts';

/** The users that every EventStoreDB knows; passwords are never in the log. */
const FIRST_USERS = [
  { loginName: 'admin', fullName: 'Administrator', groups: ['$admins'], disabled: false },
  { loginName: 'ops', fullName: 'Operations', groups: ['$ops'], disabled: false },
];

/**
 * A new log begins with system events, as that of every EventStoreDB does: whoever reads $all must be ready for them.
 * Throws `Fault('store-unavailable')` for a log that was written by the embedded profile.
 */
export async function prepareLog(store: EmbeddedEventStore): Promise<void> {
  const [first] = store.readAllSync({ limit: 1 });
  if (first !== undefined) {
    if (first.meta === WIRE_META) return;
    throw new Fault('store-unavailable', 'This folder holds a log of another kind; the wire server needs its own.');
  }
  await store.appendAll(
    FIRST_USERS.map((user) => {
      const stream = `$user-${user.loginName}`;
      const event = {
        id: newId(),
        type: '$UserCreated',
        contentType: JSON_CONTENT,
        metadata: new Uint8Array(),
        data: Buffer.from(JSON.stringify(user)),
      };
      return { stream: logName(stream), expected: 'none', events: [toNewEvent(stream, event)] };
    }),
  );
}
