export { errorsPage } from './errors-page.ts';
export { effectiveTimePage } from './effective-time-page.ts';
export { type Page, pages } from './pages.ts';
