export { Browser, formOf } from '@anamnesis/testing';
export { FhirClient, type Answer, type Bundle, type Entry, type Resource } from './fhir-client.ts';
export { collectPages } from './pages.ts';
export { entry, patient, transaction } from './resources.ts';
export {
  freePort,
  mintedToken,
  newFolder,
  outside,
  runToEnd,
  Server,
  startServer,
  type ServerOptions,
} from './server.ts';
export { hasSynthea, sourceBundles, SOURCE_FOLDER, type SourceBundle } from './source-bundles.ts';
export { authorizationRequest, redeem, REALM, signIn, tokenRequest, tokensOf, type Tokens } from './sign-in.ts';
export { Team } from './team.ts';
export { Corpus, unstamped } from './corpus.ts';
export {
  all,
  contains,
  date,
  exactly,
  not,
  PREFIXES,
  refersTo,
  startsWith,
  token,
  valuesAt,
  type Predicate,
} from './plain-search.ts';
export { filesHolding } from './folder-bytes.ts';
