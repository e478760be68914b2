/**
 * The value domains of R4's primitive types (R4 2.24.0.1), without the backtracking that some of its regular
 * expressions invite. A predicate takes any JSON value.
 */
export type Predicate = (value: unknown) => boolean;

const MAX_STRING = 1024 * 1024;
const WHITE = /\s/;
const CODE = /^\S+(?:\s\S+)*$/;
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+$/;
const UUID = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TIME = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?$/;
const ZONE =
  /^(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))$/;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;
const MAX_INTEGER = 2 ** 31 - 1;

const isString: Predicate = (v) => typeof v === 'string' && v.length > 0 && v.length <= MAX_STRING;
const isUri: Predicate = (v) => typeof v === 'string' && v.length > 0 && !WHITE.test(v);
const isCode: Predicate = (v) => typeof v === 'string' && v.length > 0 && (!WHITE.test(v) || CODE.test(v));
const isInteger: Predicate = (v) =>
  Number.isInteger(v) && (v as number) <= MAX_INTEGER && (v as number) >= -MAX_INTEGER - 1;

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The number that `count` digits at `at` write, -1 when they are no digits. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i += 1) {
    const digit = text.charCodeAt(i) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Whether the first `length` (4, 7 or 10) characters are a year, a month or a day that exists. */
function isCalendar(text: string, length: number): boolean {
  const year = digits(text, 0, 4);
  if (year < 1) return false;
  if (length === 4) return true;
  const month = text.charCodeAt(4) === 0x2d ? digits(text, 5, 2) : -1;
  if (month < 1 || month > 12) return false;
  if (length === 7) return true;
  const day = text.charCodeAt(7) === 0x2d ? digits(text, 8, 2) : -1;
  if (day < 1) return false;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= DAYS[month - 1]! + (leap ? 1 : 0);
}

const isDate: Predicate = (v) =>
  typeof v === 'string' && (v.length === 10 || v.length === 7 || v.length === 4) && isCalendar(v, v.length);

const isInstant: Predicate = (v) =>
  typeof v === 'string' && v.charCodeAt(10) === 0x54 && isCalendar(v, 10) && ZONE.test(v.slice(11));

const isDateTime: Predicate = (v) => isDate(v) || isInstant(v);

/** Base64 in groups of four, white space between them as R4's own expression allows. */
const isBase64: Predicate = (v) => {
  if (typeof v !== 'string' || v.length === 0 || !BASE64.test(v)) return false;
  const length = WHITE.test(v) ? v.replace(/\s/g, '').length : v.length;
  return length > 0 && length % 4 === 0;
};

export const PRIMITIVES: Readonly<Record<string, Predicate>> = {
  base64Binary: isBase64,
  boolean: (v) => typeof v === 'boolean',
  canonical: isUri,
  code: isCode,
  date: isDate,
  dateTime: isDateTime,
  decimal: (v) => Number.isFinite(v),
  id: (v) => typeof v === 'string' && ID.test(v),
  instant: isInstant,
  integer: isInteger,
  markdown: isString,
  oid: (v) => typeof v === 'string' && OID.test(v),
  positiveInt: (v) => isInteger(v) && (v as number) > 0,
  string: isString,
  time: (v) => typeof v === 'string' && TIME.test(v),
  unsignedInt: (v) => isInteger(v) && (v as number) >= 0,
  uri: isUri,
  url: isUri,
  uuid: (v) => typeof v === 'string' && UUID.test(v),
  xhtml: isString,
};

/** The JSON type in which a primitive is written. */
export const jsonTypeOf = (type: string): 'boolean' | 'number' | 'string' => {
  if (type === 'boolean') return 'boolean';
  return type === 'decimal' || type === 'integer' || type === 'positiveInt' || type === 'unsignedInt'
    ? 'number'
    : 'string';
};
