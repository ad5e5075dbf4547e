/** Mumble's texts are HTML, Parley's are plain. Pure. */

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
]);

/** The words of a text of a Mumble client: tags are left out, breaks and paragraphs become lines. A `<` that begins no tag stays. */
export function plainText(html: string): string {
  const withoutTags = html
    .replace(/<(style|script)\b[^>]{0,1000}>[^<]*<\/\1>/gi, '')
    .replace(/<br\b[^>]{0,1000}>|<\/(?:p|div|li|tr|h[1-6])>/gi, '\n')
    .replace(/<[/!]?[a-z][^>]{0,65536}>/gi, '');
  return withoutTags
    .replace(/&(#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z]{1,8});/gi, (all, name: string) => entity(name) ?? all)
    .trim();
}

/** A plain text as a Mumble client is to show it. */
export function htmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/\r\n|\r|\n/g, '<br/>');
}

function entity(name: string): string | undefined {
  if (!name.startsWith('#')) return ENTITIES.get(name.toLowerCase());
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}
