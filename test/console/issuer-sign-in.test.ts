import { expect, test } from 'vitest';
import { readIssuerAnswer } from '../../src/console/issuer-sign-in.ts';

test.each([
  ['?view=about', null],
  ['?code=c', null],
  ['?state=s&view=live', null],
  ['?code=c&state=s&iss=https://x', { code: 'c', state: 's', fault: null }],
  [
    '?error=access_denied&state=s',
    { code: '', state: 's', fault: 'The issuer has not signed you in: access_denied.' },
  ],
  [
    '?error=access_denied&error_description=not+you&state=s',
    { code: '', state: 's', fault: 'The issuer has not signed you in: not you.' },
  ],
])('the answer of an issuer is read from the URL: %s', (search, answer) => {
  expect(readIssuerAnswer(search)).toEqual(answer);
});
