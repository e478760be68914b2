import { createHash } from 'node:crypto';

/** A page of the issuer: plain HTML that works without scripts, with keyboard and screen reader, and loads nothing. */
export interface Page {
  readonly title: string;
  /** HTML; whatever is not constant in it must have gone through `escaped`. */
  readonly body: string;
}

const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; display: grid; min-height: 100vh; place-items: center; }
main { width: min(22rem, 90vw); padding: 2rem 0; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
label { display: block; margin: 0 0 .25rem; font-weight: 600; }
input { width: 100%; box-sizing: border-box; font: inherit; padding: .5rem; margin: 0 0 1rem; }
button { font: inherit; padding: .5rem 1.25rem; margin: 0 .5rem 0 0; }
[role=alert] { border-left: .25rem solid #c62828; padding: .25rem .75rem; margin: 0 0 1rem; }
code { font-size: 1.5rem; letter-spacing: .1em; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

export function pageHtml({ title, body }: Page): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - Anamnesis</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>${body}</main></body></html>
`;
}

/** `formTargets`: origins that a form's answer may redirect to, which browsers check against form-action too. */
export function pageHeaders(formTargets: readonly string[] = []): Readonly<Record<string, string>> {
  const targets = ["'self'", ...formTargets].join(' ');
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${targets}; base-uri 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
}

export function signInPage(action: string, alert?: string): Page {
  const body = `${alert === undefined ? '' : `<p role="alert">${alert}</p>`}
<form method="post" action="${escaped(action)}">
<label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="255" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="1024" required>
<button type="submit">Sign in</button><button type="submit" name="cancel" value="yes" formnovalidate>Cancel</button>
</form>`;
  return { title: 'Sign in', body };
}

export function consentPage(action: string, client: string, scopes: readonly string[]): Page {
  const list = scopes.map((scope) => `<li>${escaped(scope)}</li>`).join('');
  const body = `<p>${escaped(client)} asks to act in your name:</p><ul>${list}</ul>
<form method="post" action="${escaped(action)}">
<button type="submit" autofocus>Allow</button><button type="submit" name="cancel" value="yes">Cancel</button>
</form>`;
  return { title: 'Allow access', body };
}

export function deviceCodePage(action: string, xsrf: string, alert?: string): Page {
  const body = `${alert === undefined ? '' : `<p role="alert">${alert}</p>`}
<form method="post" action="${escaped(action)}">
<input type="hidden" name="xsrf" value="${escaped(xsrf)}">
<label for="user_code">The code your terminal shows</label>
<input id="user_code" name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus>
<button type="submit">Continue</button>
</form>`;
  return { title: 'Sign in a terminal', body };
}

export function deviceConfirmPage(action: string, xsrf: string, code: string): Page {
  const body = `<p>Does your terminal show this code?</p><p><code>${escaped(code)}</code></p>
<p>If you did not start this, cancel: whoever did would act in your name.</p>
<form method="post" action="${escaped(action)}">
<input type="hidden" name="xsrf" value="${escaped(xsrf)}"><input type="hidden" name="user_code" value="${escaped(code)}">
<input type="hidden" name="confirm" value="yes">
<button type="submit" autofocus>Yes, continue</button><button type="submit" name="abort" value="yes">Cancel</button>
</form>`;
  return { title: 'Confirm the code', body };
}

export function signOutPage(form: string): Page {
  const body = `<p>Do you want to sign out?</p>${form}
<button type="submit" form="op.logoutForm" value="yes" name="logout" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm">Stay signed in</button>`;
  return { title: 'Sign out', body };
}

export function noticePage(title: string, text: string): Page {
  return { title, body: `<p>${text}</p>` };
}
