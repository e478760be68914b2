/** The read model of all current resources, with every search parameter. */
export const RECORDS = 'records';
