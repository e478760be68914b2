import { Controller, Inject, Post, Res, type DynamicModule } from '@nestjs/common';
import { Allow } from '@anamnesis/identity';
import { Fault } from '@anamnesis/kernel';
import type { KeyVault } from '@anamnesis/key-vault';
import { FAULT_PROBLEMS } from '@anamnesis/service';
import type { FastifyReply } from 'fastify';

const VAULT = Symbol('vault');

/** Rotation of the key-encryption key; for operators. */
@Controller('admin/keys')
class KeysController {
  readonly #vault: KeyVault;

  constructor(@Inject(VAULT) vault: KeyVault) {
    this.#vault = vault;
  }

  /** Tells of the progress as NDJSON: lines `{done, total}`, the last one `{version, rewrapped}` or `{error}`. */
  @Post('rotate')
  @Allow('keys.rotate')
  async rotate(@Res() reply: FastifyReply): Promise<void> {
    reply.hijack();
    reply.raw.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
    const line = (told: object): void => void reply.raw.write(`${JSON.stringify(told)}\n`);
    try {
      line(await this.#vault.rotate((done, total) => line({ done, total })));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      line({ error: FAULT_PROBLEMS[error.code] });
    } finally {
      reply.raw.end();
    }
  }
}

class KeysModule {}

export function keysModule(vault: KeyVault): DynamicModule {
  return { module: KeysModule, controllers: [KeysController], providers: [{ provide: VAULT, useValue: vault }] };
}
