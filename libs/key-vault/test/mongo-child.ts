/** A vault in MongoDB in a process of its own; does what it is told, and tells how it went. */
import { FileKeyEncryption } from '../src/embedded/index.ts';
import { MongoKeyVault } from '../src/mongo/index.ts';

export type Order =
  | { readonly do: 'ensure' | 'get' | 'cached'; readonly subjects: readonly string[] }
  | { readonly do: 'destroy'; readonly subjects: readonly string[] }
  | { readonly do: 'hash' | 'rotate' | 'version' };

const [, , url, database, keyFile] = process.argv as unknown as [string, string, string, string, string];
const encryption = await FileKeyEncryption.open(keyFile, { create: false });
const vault = await MongoKeyVault.open({ url, database, encryption, settleMs: 100 });

/** A key in hex, `none`, or a fault's code. */
async function told(key: Promise<Uint8Array | undefined> | Uint8Array | undefined): Promise<string> {
  try {
    const bytes = await key;
    return bytes ? Buffer.from(bytes).toString('hex') : 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'ensure':
    case 'get':
    case 'cached': {
      const { do: what, subjects } = order;
      return Promise.all(subjects.map((subject) => told(vault[what]({ subject, dataClass: 'clinical' }))));
    }
    case 'destroy':
      return Promise.all(order.subjects.map((subject) => vault.destroy(subject)));
    case 'hash':
      return vault.keyedHash('p', 't');
    case 'version':
      return encryption.current;
    case 'rotate':
      // Says how far it came, so that it can be killed in between.
      return vault.rotate((done, total) => process.send!({ progress: [done, total] }));
  }
}

process.on('message', async (order: Order) => process.send!({ answer: await obey(order) }));
process.send!('ready');
