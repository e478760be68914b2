import { join } from 'node:path';
import { recordAuditLifecycle } from '@anamnesis/access';
import { decisionsModule, runService } from '@anamnesis/cluster';
import { logSourceOptions } from '@anamnesis/cluster/log-source';
import { encodedRawLog } from '@anamnesis/event-store';
import { fileSignInProgress, KeycloakSignInEvents, ServiceTokens, SIGN_INS_CLIENT } from '@anamnesis/identity/keycloak';
import { Fault } from '@anamnesis/kernel';
import { opaqueId, RecordContext } from '@anamnesis/records';
import { AuditQuestions } from './application/audit-questions.ts';
import { auditModule } from './audit.module.ts';
import { openAudit } from './open-audit.ts';

await runService({
  service: 'audit',
  about: 'who saw and did what: the tree over the log, its checkpoints and proofs, the trail.',
  needs: [],
  compose: async (cluster) => {
    const { config, closing, health } = cluster;
    const [store, vault, journal] = [await cluster.store(), await cluster.vault(), await cluster.journal()];
    const { recorder, identity } = await cluster.accesses();
    const audit = await openAudit({
      folder: config.dataFolder,
      source: { module: import.meta.resolve('@anamnesis/cluster/log-source'), options: logSourceOptions(config) },
      log: store,
      raw: encodedRawLog(store),
      keys: vault,
      observer: { site: 'anamnesis', observer: 'urn:anamnesis:audit' },
    });
    closing.add(() => audit.close());
    const { tree, trail } = audit;
    health.register('audit-tree', () => {
      const { failure } = tree;
      return failure
        ? { ready: false, reason: failure instanceof Fault ? failure.message : 'the audit thread has ended' }
        : { ready: true };
    });
    if (config.signInsSecret !== undefined) {
      const account = { clientId: SIGN_INS_CLIENT, clientSecret: config.signInsSecret };
      const tokens = new ServiceTokens({ keycloakUrl: config.keycloak!, ...account, log: cluster.log });
      const signIns = new KeycloakSignInEvents({
        keycloakUrl: config.keycloak!,
        tokens,
        events: identity,
        progress: fileSignInProgress(join(config.dataFolder, 'sign-ins.json')),
        log: cluster.log,
      });
      closing.add(() => tokens.close());
      closing.add(() => signIns.close());
      signIns.start();
    }
    const opaquePatient = (id: string): string => opaqueId('Patient', id, journal.keyedHash.bind(journal));
    const questions = new AuditQuestions({ tree, trail, log: store, opaquePatient });
    return {
      modules: [
        auditModule({ tree, trail, recorder, questions, forOthers: true }),
        decisionsModule({ context: new RecordContext('audit', journal), journal }),
      ],
      started: () => recordAuditLifecycle(recorder, 'AuditStarted'),
      stopping: () => recordAuditLifecycle(recorder, 'AuditStopped'),
    };
  },
});
