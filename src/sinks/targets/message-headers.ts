import type { DeliveryRequest } from '../target.ts';

/**
 * The headers of a message at a broker. CloudEvents' attributes have the broker's own prefix there, and are not
 * percent-encoded.
 */
export function messageHeaders(
  { message, headers, messageId }: DeliveryRequest,
  attributePrefix: string,
): Record<string, string> {
  const own = Object.entries(message.headers).map(([name, value]) =>
    name.startsWith('ce-')
      ? [`${attributePrefix}${name.slice('ce-'.length)}`, decodeURIComponent(value)]
      : [name, value],
  );
  return { ...Object.fromEntries(own), ...headers, 'tidings-message-id': messageId };
}
