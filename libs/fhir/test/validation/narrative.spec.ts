import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isSafeNarrative, validateResource } from '../../src/validation/index.ts';

const div = (inner: string): string => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`;

describe('a narrative', () => {
  it.each([
    'plain text',
    '<p>a <b>b</b><br/>c</p><table class="x"><tr><td colspan="2">d</td></tr></table>',
    '<a href="https://a.example/b?c=d&amp;e">f</a><a href="#x" name="y">g</a><a href="Patient/1">h</a>',
    '<img src="data:image/png;base64,AAAA" alt="i"/>',
    '<img src="#pic"/>',
    '<span style="color: red; background-image: url(tbl.png)">j</span>',
    '<!-- a comment -->k &amp; l &#228; &nbsp;m',
    '<p xml:lang="de">n</p>',
  ])('may hold %s', (inner) => {
    expect(isSafeNarrative(div(inner))).toBe(true);
  });

  it.each([
    ['a script', '<script>alert(1)</script>a'],
    ['a script in capitals', '<SCRIPT>alert(1)</SCRIPT>a'],
    ['a handler', '<p onclick="x()">a</p>'],
    ['a javascript link', '<a href="javascript:x()">a</a>'],
    ['a javascript link in references', '<a href="&#106;avascript&#x3a;x()">a</a>'],
    ['a javascript link with white space', '<a href="java&#10;script:x()">a</a>'],
    ['a named reference in a scheme', '<a href="javascript&colon;x()">a</a>'],
    ['a data link', '<a href="data:text/html,x">a</a>'],
    ['an image from outside', '<img src="https://a.example/b.png"/>'],
    ['an image from outside without a scheme', '<img src="//a.example/b.png"/>'],
    ['an image that is a document', '<img src="data:image/svg+xml,x"/>'],
    ['a style sheet', '<style>p{}</style>a'],
    ['a link element', '<link rel="stylesheet" href="a.css"/>a'],
    ['a style that calls out', '<p style="background:url(https://a.example)">a</p>'],
    ['a style that hides it', '<p style="background:u\\72l(//a.example)">a</p>'],
    ['an expression in a style', '<p style="width:expression(x)">a</p>'],
    ['a frame', '<iframe src="a"></iframe>a'],
    ['an object', '<object data="a"></object>a'],
    ['a form', '<form><input/></form>a'],
    ['an svg', '<svg/>a'],
    ['an element that is not closed', '<p>a'],
    ['elements closed in the wrong order', '<b><i>a</b></i>'],
    ['a stray closing tag', 'a</p>'],
    ['a repeated attribute', '<p id="a" id="b">a</p>'],
    ['an attribute without quotes', '<p id=a>a</p>'],
    ['an attribute without a value', '<td nowrap>a</td>'],
    ['a raw ampersand', 'a & b'],
    ['a raw angle bracket', 'a < b'],
    ['a declaration', '<!DOCTYPE html>a'],
    ['a processing instruction', '<?php x ?>a'],
    ['CDATA', '<![CDATA[<script>]]>a'],
    ['nothing', ''],
    ['white space', ' \n '],
    ['empty elements', '<p></p><br/>'],
    ['another namespace', '<p xmlns="http://a.example">a</p>'],
  ])('may not hold %s', (_, inner) => {
    expect(isSafeNarrative(div(inner))).toBe(false);
  });

  it.each(['', 'a', '<p>a</p>', '<div>a</div><div>b</div>', '<div>a</div>b', 'a<div>b</div>', '<div>a', '<div/>'])(
    'is one div, not %s',
    (text) => {
      expect(isSafeNarrative(text)).toBe(false);
    },
  );

  it('is bounded in depth and length, and read in linear time', () => {
    expect(isSafeNarrative(div('<b>'.repeat(150) + 'a' + '</b>'.repeat(150)))).toBe(true);
    expect(isSafeNarrative(div('<b>'.repeat(300) + 'a' + '</b>'.repeat(300)))).toBe(false);
    expect(isSafeNarrative(div('a'.repeat(1024 * 1024)))).toBe(false);
    for (const part of ['<!--', '<p ', '&', '<a href="', '<!-- - ', '<p a="'])
      expect(isSafeNarrative(div(part.repeat(100_000)))).toBe(false);
  });

  it('never lets a script or a handler through', () => {
    const parts = fc.constantFrom(
      '<',
      '>',
      '/',
      'script',
      '<script>',
      '</script>',
      'p',
      ' onload=',
      '"',
      "'",
      '=',
      'x',
      '<p',
      '<a href="',
      'javascript:',
      '&#58;',
      '<!--',
      '-->',
      '\n',
      'style="',
      'url(',
      ')',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 14 }), (some) => {
        const text = div(some.join(''));
        if (!isSafeNarrative(text)) return;
        const tags = text.replace(/<!--[^]*?-->/g, '').match(/<(?:"[^"]*"|'[^']*'|[^>"'])*>/g) ?? [];
        for (const tag of tags) {
          expect(tag.replace(/"[^"]*"|'[^']*'/g, '')).not.toMatch(/script|\son\w+\s*=/i);
          expect(tag).not.toMatch(/=\s*["']\s*javascript:|style="[^"]*url\(/i);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('is checked where it stands', () => {
    const text = { status: 'generated', div: div('<script/>a') };
    expect(validateResource({ resourceType: 'Patient', text })).toMatchObject([
      { messageCode: 'unsafe-narrative', expression: 'Patient.text.div' },
    ]);
  });
});
