import { Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import {
  questionOf,
  READ_MODEL_CALLS,
  READ_MODELS_PATH,
  readInfinite,
  type ReadModelAnswer,
  type ReadModelCall,
} from '@anamnesis/cluster/protocol';
import { Allow } from '@anamnesis/identity';
import { QueryRefused, type ReadModelReader } from '@anamnesis/read-store';
import { HTTP_PROBLEMS, ProblemError } from '@anamnesis/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

export const READ_MODELS = Symbol('read-models');

/** By the models' names. */
export type ReadModels = ReadonlyMap<string, ReadModelReader>;

const isCall = (name: string): name is ReadModelCall => (READ_MODEL_CALLS as readonly string[]).includes(name);

/** Lets the gateway ask a read model as if it were its own. */
@Controller(READ_MODELS_PATH.slice(1))
export class ReadModelsController {
  readonly #models: ReadModels;

  constructor(@Inject(READ_MODELS) models: ReadModels) {
    this.#models = models;
  }

  @Post(':model/:call')
  @Allow('internal.read-models')
  @HttpCode(200)
  async ask(
    @Req() request: FastifyRequest,
    @Param('model') name: string,
    @Param('call') call: string,
  ): Promise<ReadModelAnswer> {
    const model = this.#models.get(name);
    if (!model || !isCall(call)) throw new ProblemError(HTTP_PROBLEMS['not-found']);
    // Whoever asks is a service of this record, of this version: arguments are what the port's types say.
    const args = questionOf(request, z.array(z.unknown()).max(4), readInfinite).map((one) => one ?? undefined);
    try {
      const value = await (model[call] as (...args: readonly unknown[]) => Promise<unknown>).apply(model, args);
      return value === undefined ? {} : { value };
    } catch (error) {
      if (error instanceof QueryRefused) return { refused: error.code };
      throw error;
    }
  }
}
