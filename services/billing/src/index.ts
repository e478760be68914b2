export { billingContext } from './application/billing-context.ts';
