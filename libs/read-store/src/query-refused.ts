/**
 * What is wrong with a query itself, whatever the store holds. `cursor-invalid`: the cursor was altered, or belongs to
 * another query. `query-too-large`: more conditions, or deeper, than one query may have.
 */
export class QueryRefused extends Error {
  override readonly name = 'QueryRefused';
  readonly code: 'cursor-invalid' | 'query-too-large';

  constructor(code: QueryRefused['code']) {
    super(
      code === 'cursor-invalid'
        ? 'The page link was altered or belongs to another query'
        : 'The query has more conditions than one query may have',
    );
    this.code = code;
  }
}
