import { failed, unavailable, usage } from './exit.ts';

interface OwnRecord {
  readonly url: string;
  close(): Promise<void>;
}

/** The whole record on a data folder, in this process, on a free loopback port, without logs. */
export async function startRecord(
  dataFolder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<OwnRecord> {
  const { parseConfig } = await import('@anamnesis/service');
  const { startAnamnesis } = await import('@anamnesis/all-in-one');
  const listen = { host: '127.0.0.1', port: 0 };
  // Where the folder's usual server listens is no concern of a command that opens the folder itself.
  const { PUBLIC_URL: _, ...settings } = env;
  const parsed = parseConfig({
    ...settings,
    ANAMNESIS_DATA: dataFolder,
    ANAMNESIS_LOG_LEVEL: 'silent',
    HOST: listen.host,
    PORT: '0',
  });
  if (!parsed.ok) throw usage(parsed.faults.map((fault) => `${fault.variable} ${fault.message}`).join('; '));
  try {
    return await startAnamnesis({ config: parsed.config, listen });
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code === 'store-corrupt' || code === 'event-altered') throw failed(message ?? 'The log is damaged');
    throw unavailable(`The data folder cannot be opened: ${message ?? 'unknown reason'}`, error);
  }
}
