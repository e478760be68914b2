/**
 * Whether a narrative's XHTML is what R4 allows (txt-1, txt-2; R4 2.4.0): one well-formed `div`, basic formatting
 * elements and attributes, no script, no style sheet, no handler, nothing loaded from outside, some content.
 * One pass, no backtracking, time linear in the text.
 */
export function isSafeNarrative(xhtml: string): boolean {
  return xhtml.length <= MAX_LENGTH && new NarrativeReader(xhtml).accepts();
}

const MAX_LENGTH = 1024 * 1024;
const MAX_DEPTH = 200;

const ELEMENTS = new Set(
  (
    'a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img ' +
    'li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var'
  ).split(' '),
);
const ATTRIBUTES = new Set(
  (
    'abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset ' +
    'cite class colspan compact coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel ' +
    'rev rowspan rules scope shape span src start style summary tabindex title type valign value vspace width xmlns'
  ).split(' '),
);
const ADDRESSES = new Set(['href', 'src', 'cite', 'longdesc']);
const XHTML = 'http://www.w3.org/1999/xhtml';

const TAG = /<(\/?)([A-Za-z][A-Za-z0-9]*)/y;
const ATTRIBUTE = /\s+([A-Za-z][A-Za-z0-9:_-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*(\/?)>/y;
const COMMENT = /<!--(?:[^-]|-(?!-))*-->/y;
const REFERENCE = /&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});/y;

const CALLS_OUT = /url|import|expression|script|behaviou?r|binding|\\|\/\*/i;
/** A picture beside the resource or inside it. */
const OWN_IMAGE = /url\((?:data: ?image\/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=]*|[A-Za-z0-9_-]+\.(?:png|jpg|gif))\)/gi;

class NarrativeReader {
  private at = 0;
  private content = false;
  private readonly open: string[] = [];
  private readonly text: string;

  constructor(text: string) {
    this.text = text.trim();
  }

  accepts(): boolean {
    while (this.at < this.text.length) {
      const next = this.text.charCodeAt(this.at);
      if (next === 0x3c) {
        if (this.take(COMMENT) === null && !this.tag()) return false;
        // Nothing may follow the outermost div.
        if (this.open.length === 0) return this.content && this.at === this.text.length;
      } else if (this.open.length === 0) return false;
      else if (next === 0x26) {
        if (this.take(REFERENCE) === null) return false;
        this.content = true;
      } else {
        if (next > 0x20 && next !== 0xa0) this.content = true;
        this.at += 1;
      }
    }
    return false;
  }

  private tag(): boolean {
    const [, slash, name = ''] = this.take(TAG) ?? [];
    if (slash === undefined || !ELEMENTS.has(name)) return false;
    if (slash === '/') return this.take(TAG_END)?.[1] === '' && this.open.pop() === name;
    if (this.open.length === 0 && name !== 'div') return false;
    const seen = new Set<string>();
    for (let found = this.take(ATTRIBUTE); found !== null; found = this.take(ATTRIBUTE)) {
      const [, attribute = '', double, single = ''] = found;
      if (seen.has(attribute) || !isSafeAttribute(name, attribute, double ?? single)) return false;
      seen.add(attribute);
    }
    const end = this.take(TAG_END);
    if (end === null) return false;
    if (name === 'img') this.content = true;
    if (end[1] === '') this.open.push(name);
    return this.open.length > 0 && this.open.length <= MAX_DEPTH;
  }

  private take(token: RegExp): RegExpExecArray | null {
    token.lastIndex = this.at;
    const found = token.exec(this.text);
    if (found !== null) this.at = token.lastIndex;
    return found;
  }
}

function isSafeAttribute(element: string, attribute: string, value: string): boolean {
  if (attribute === 'xml:lang' || attribute === 'xml:space') return true;
  if (!ATTRIBUTES.has(attribute)) return false;
  if (attribute === 'xmlns') return value === XHTML;
  const decoded = decode(value);
  if (decoded === undefined) return false;
  // A style may call out by url(), import, expression() or behaviour; escapes and comments could hide them.
  if (attribute === 'style') return !CALLS_OUT.test(decoded.replace(OWN_IMAGE, ''));
  if (!ADDRESSES.has(attribute)) return true;
  const scheme = /^([a-z][a-z0-9+.-]*):/i
    .exec(decoded.replace(/[\u0000-\u0020\u007f-\u009f]/g, ''))?.[1]
    ?.toLowerCase();
  // An image comes with the resource (R4 2.4.0.1); a link is followed by a person, who sees where it goes.
  if (attribute === 'src')
    return element === 'img' && (scheme === undefined ? !decoded.startsWith('//') : isImage(decoded));
  return scheme === undefined || ['http', 'https', 'ftp', 'mailto', 'tel', 'urn'].includes(scheme);
}

const isImage = (address: string): boolean =>
  /^data: ?image\/(?:png|jpeg|gif|bmp|webp)[;,]/i.test(address) || /^cid:/i.test(address);

const NAMED: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  colon: ':',
  tab: '\t',
  newline: '\n',
};

/** Resolves character references; undefined when an ampersand begins none. */
function decode(value: string): string | undefined {
  if (!value.includes('&')) return value;
  let sound = true;
  const text = value.replace(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z][a-z0-9]{1,31}));|&/gi,
    (_, hex, decimal, name) => {
      const point = hex !== undefined ? parseInt(String(hex), 16) : decimal !== undefined ? Number(decimal) : undefined;
      if (point !== undefined && point <= 0x10ffff) return String.fromCodePoint(point);
      if (typeof name === 'string') return NAMED[name.toLowerCase()] ?? ' ';
      sound = false;
      return '';
    },
  );
  return sound ? text : undefined;
}
