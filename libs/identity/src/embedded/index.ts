export { AUDIENCE, CLIENTS, issuerOf, REALM_PATH } from '../realm-names.ts';
export { type EmbeddedIssuer, type EmbeddedIssuerOptions, openEmbeddedIssuer } from './embedded-issuer.ts';
export { mintToken, type Minted, type MintOptions } from './mint-token.ts';
