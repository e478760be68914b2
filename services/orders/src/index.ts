export { ordersContext } from './application/orders-context.ts';
