/** As much of a browser as signing in takes: cookies with their paths, forms, redirects followed one by one. */
export class Browser {
  readonly #cookies = new Map<string, { readonly path: string; readonly value: string }>();

  async go(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = [...this.#cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(line);
    return answer;
  }

  /** Follows redirects until a page comes, or an address that starts with `until`. */
  async follow(
    url: string,
    until?: string,
    form?: Readonly<Record<string, string>>,
  ): Promise<{ readonly url: string; readonly page: Response }> {
    let at = url;
    let page = await this.go(url, form);
    while (page.status >= 300 && page.status < 400) {
      at = new URL(page.headers.get('location') ?? '', at).href;
      if (until !== undefined && at.startsWith(until)) break;
      page = await this.go(at);
    }
    return { url: at, page };
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/; */);
    const name = pair.slice(0, pair.indexOf('='));
    const value = pair.slice(name.length + 1);
    const path = attributes.find((attribute) => attribute.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
    if (value === '' || attributes.some((attribute) => /^max-age=0$/i.test(attribute))) this.#cookies.delete(name);
    else this.#cookies.set(name, { path, value });
  }
}
