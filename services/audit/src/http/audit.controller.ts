import { Controller, Get, Header, Inject, Query } from '@nestjs/common';
import { Allow } from '@anamnesis/identity';
import { ProblemError } from '@anamnesis/service';
import { AuditTree } from '../audit-tree.ts';

interface Proof {
  readonly size: number;
  /** base64, RFC 9162's order. */
  readonly proof: readonly string[];
}

/** Checkpoints and proofs, for whoever checks the log with a program of their own (docs/audit-proofs.md). */
@Controller('audit')
export class AuditController {
  readonly #tree: AuditTree;

  constructor(@Inject(AuditTree) tree: AuditTree) {
    this.#tree = tree;
  }

  /** A signed note that covers every event that was in the log when it was asked for. */
  @Get('checkpoint')
  @Allow('audit.checkpoint')
  @Header('content-type', 'text/plain; charset=utf-8')
  checkpoint(): Promise<string> {
    return this.#tree.checkpoint();
  }

  @Get('proof/inclusion')
  @Allow('audit.proof')
  inclusion(@Query('leaf') leaf: unknown, @Query('size') size: unknown): Proof & { readonly leaf: number } {
    const { index } = this.#tree;
    const asked = { leaf: natural(leaf), size: natural(size) };
    if (asked.size > index.size || asked.leaf >= asked.size) throw new ProblemError(BEYOND);
    return { ...asked, proof: index.tree.inclusion(asked.leaf, asked.size).map(base64) };
  }

  @Get('proof/consistency')
  @Allow('audit.proof')
  consistency(@Query('from') from: unknown, @Query('to') to: unknown): Proof & { readonly from: number } {
    const { index } = this.#tree;
    const asked = { from: natural(from), size: natural(to) };
    if (asked.size > index.size || asked.from > asked.size) throw new ProblemError(BEYOND);
    return { ...asked, proof: index.tree.consistency(asked.from, asked.size).map(base64) };
  }
}

const BEYOND = {
  status: 400,
  code: 'beyond-the-tree',
  title: 'The tree has no such leaf or size; ask for a checkpoint first.',
  issue: 'value',
} as const;

const NO_NUMBER = {
  status: 400,
  code: 'no-tree-size',
  title: 'Leaves and sizes are whole numbers from 0, written without a sign or leading zeros.',
  issue: 'value',
} as const;

/** What the proofs refuse. */
export const PROOF_PROBLEMS = [BEYOND, NO_NUMBER] as const;

const base64 = (hash: Uint8Array): string => Buffer.from(hash).toString('base64');

function natural(value: unknown): number {
  if (typeof value !== 'string' || !/^(0|[1-9][0-9]{0,14})$/.test(value)) throw new ProblemError(NO_NUMBER);
  return Number(value);
}
