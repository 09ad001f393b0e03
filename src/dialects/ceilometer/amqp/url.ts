/** An address of RabbitMQ that cannot be used; the message is a sentence's end. */
export class AmqpUrlError extends Error {
  override readonly name = 'AmqpUrlError';
}

const schemes: ReadonlyMap<string, string> = new Map([
  ['amqp', 'amqp'],
  ['amqps', 'amqps'],
  // As oslo.messaging's transport_url names it.
  ['rabbit', 'amqp'],
]);

/**
 * The brokers of an AMQP URL, or of an oslo.messaging transport_url with its several hosts:
 * rabbit://user:password@one:5672,user:password@two:5672/vhost.
 * @throws AmqpUrlError
 */
export function amqpUrls(text: string): readonly string[] {
  const [, scheme = '', hosts = '', path = '', query = ''] =
    /^(\w+):\/\/([^/?]*)(\/[^?]*)?(\?.*)?$/.exec(text) ?? [];
  const known = schemes.get(scheme);
  if (known === undefined) throw new AmqpUrlError('it begins with amqp://, amqps:// or rabbit://');
  const virtualHost = virtualHostOf(scheme, path);
  return hosts.split(',').map((host) => {
    const url = `${known}://${host}${virtualHost}${query}`;
    if (host === '' || !URL.canParse(url)) throw new AmqpUrlError('it names no host');
    return url;
  });
}

/** oslo.messaging's `/` is the default virtual host, and so is its `//`; AMQP's `/` alone would be one without a name. */
function virtualHostOf(scheme: string, path: string): string {
  if (path === '' || path === '/') return '';
  if (scheme !== 'rabbit') return path;
  return `/${encodeURIComponent(decodeURIComponent(path.slice(1)))}`;
}
