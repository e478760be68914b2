import type { DynamicModule } from '@nestjs/common';
import { RelayController } from './http/relay.controller.ts';
import { Relay } from './relay.ts';

class RelayModule {}

/** `GET /admin/relay`. Whoever started the relay stops it. */
export function relayModule(relay: Relay): DynamicModule {
  return {
    module: RelayModule,
    controllers: [RelayController],
    providers: [{ provide: Relay, useValue: relay }],
  };
}
