import { expect, test } from 'vitest';
import { Refreshed } from '../../src/console/refreshed.ts';

interface Request {
  readonly signal: AbortSignal;
  readonly answer: (text: string) => void;
  readonly fail: (error: Error) => void;
}

function openQuestion() {
  const requests: Request[] = [];
  const seen: string[] = [];
  const question = new Refreshed<string>(
    (signal) =>
      new Promise((answer, fail) => {
        requests.push({ signal, answer, fail });
      }),
    {
      onAnswer: (answer) => seen.push(answer),
      onError: ({ message }) => seen.push(`error: ${message}`),
    },
  );
  return { question, requests, seen };
}

/** Lets everything run that has been resolved. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a slow answer arrives, however often the question is asked again meanwhile, and one more is asked for', async () => {
  const { question, requests, seen } = openQuestion();
  for (let tick = 0; tick < 10; tick += 1) question.refresh();
  await settled();
  expect(requests.length).toBe(1);
  expect(requests[0]?.signal.aborted).toBe(false);
  requests[0]?.answer('first');
  await settled();
  expect(seen).toEqual(['first']);
  expect(requests.length).toBe(2);
  requests[1]?.answer('second');
  await settled();
  expect(seen).toEqual(['first', 'second']);
  expect(requests.length).toBe(2);
});

test('an error is handed on, and the next time it is asked again', async () => {
  const { question, requests, seen } = openQuestion();
  question.refresh();
  requests[0]?.fail(new Error('down'));
  await settled();
  question.refresh();
  requests[1]?.answer('up');
  await settled();
  expect(seen).toEqual(['error: down', 'up']);
});

test('a question that has ended calls nobody back and asks no more', async () => {
  const { question, requests, seen } = openQuestion();
  question.refresh();
  question.refresh();
  question.stop();
  expect(requests[0]?.signal.aborted).toBe(true);
  requests[0]?.answer('late');
  await settled();
  expect(seen).toEqual([]);
  expect(requests.length).toBe(1);
});
