import { expect, test } from 'vitest';
import { AmqpUrlError, amqpUrls } from '../../../../src/dialects/ceilometer/amqp/url.ts';

test.each([
  ['amqp://host', ['amqp://host']],
  ['amqp://u:p@host:5673/cloud?heartbeat=10', ['amqp://u:p@host:5673/cloud?heartbeat=10']],
  ['amqps://one,two:5671/%2F', ['amqps://one/%2F', 'amqps://two:5671/%2F']],
  ['rabbit://u:p@one:5672,u:p@two:5672//', ['amqp://u:p@one:5672/%2F', 'amqp://u:p@two:5672/%2F']],
  ['rabbit://u:p@one:5672/', ['amqp://u:p@one:5672']],
  ['rabbit://u:p@one:5672/nova', ['amqp://u:p@one:5672/nova']],
  ['rabbit://[::1]:5672/', ['amqp://[::1]:5672']],
])('%s', (url, urls) => {
  expect(amqpUrls(url)).toEqual(urls);
});

test.each(['', 'host', 'http://host', 'amqp://', 'amqp://a,,b', 'amqp://a b'])(
  '%j is rejected',
  (url) => {
    expect(() => amqpUrls(url)).toThrow(AmqpUrlError);
  },
);
