import { Controller, Get, Inject } from '@nestjs/common';
import { Allow } from '@anamnesis/identity';
import { Relay, type RelayStatus } from '../relay.ts';

/** How far the bus is behind the log; for operators. */
@Controller('admin/relay')
export class RelayController {
  readonly #relay: Relay;

  constructor(@Inject(Relay) relay: Relay) {
    this.#relay = relay;
  }

  @Get()
  @Allow('relay.read')
  status(): Promise<RelayStatus> {
    return this.#relay.status();
  }
}
