/** A page's form as a browser sends it when its first button is pressed: all fields but the other buttons. */
export interface Form {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** The form of a page that was found at `url`; undefined when it has none. */
export function formOf(html: string, url: string): Form | undefined {
  const [form] = /<form[\s>][\s\S]*?<\/form>/i.exec(html) ?? [];
  if (form === undefined) return undefined;
  const fields: Record<string, string> = {};
  let pressed = false;
  for (const [tag, kind] of form.matchAll(/<(input|button)\s[^>]*>/gi)) {
    const name = attributeOf(tag, 'name');
    const button = kind?.toLowerCase() === 'button' || attributeOf(tag, 'type')?.toLowerCase() === 'submit';
    if (name !== undefined && !(button && pressed)) fields[name] = attributeOf(tag, 'value') ?? '';
    pressed ||= button;
  }
  return { action: new URL(attributeOf(form, 'action') ?? url, url).href, fields };
}

function attributeOf(tag: string, name: string): string | undefined {
  const value = new RegExp(`^<[^>]*?\\s${name}="([^"]*)"`, 'i').exec(tag)?.[1];
  return value?.replace(/&(amp|quot|lt|gt|#39|#x27);/g, (entity) => ENTITIES[entity] ?? entity);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&quot;': '"',
  '&lt;': '<',
  '&gt;': '>',
  '&#39;': "'",
  '&#x27;': "'",
};
