import { describe, expect, test } from 'vitest';
import { draftOf } from '../../../src/dialects/cloudevents/decode.ts';
import {
  contentModeOf,
  parseDocument,
  readBinary,
  readEnvelope,
} from '../../../src/dialects/cloudevents/read-message.ts';
import type { Json } from '../../../src/event/event.ts';

const minimal = { specversion: '1.0', id: 'a', source: '/s', type: 't' };
const read = (json: Json) => readEnvelope(json);
const draft = (members: Record<string, Json>) =>
  draftOf(readEnvelope({ ...minimal, ...members }), 'REJECT');
const headers = Object.entries(minimal).map(([name, value]) => [`ce-${name}`, value] as const);
const binary = (contentType: string | undefined, body: string | Uint8Array) =>
  readBinary(headers, contentType, Buffer.from(body)).data;

describe('the content mode', () => {
  test.each([
    ['', 'BINARY'],
    ['application/json', 'BINARY'],
    ['application/cloudevents+json', 'STRUCTURED'],
    ['Application/CloudEvents+JSON; charset=UTF-8', 'STRUCTURED'],
    ['application/cloudevents-batch+json;charset="utf-8"', 'BATCH'],
  ])('of %j is %s', (mediaType, mode) => {
    expect(contentModeOf(mediaType)).toBe(mode);
  });

  test.each([
    'application/cloudevents',
    'application/cloudevents+avro',
    'application/cloudevents-batch+protobuf',
    'application/cloudevents+json; charset=utf-16',
  ])('of %s is one that is not supported', (mediaType) => {
    expect(() => contentModeOf(mediaType)).toThrow(expect.objectContaining({ status: 415 }));
  });
});

describe('an envelope is rejected', () => {
  test.each<[string, Json, RegExp]>([
    ['that is a list', [], /must be a JSON object/],
    ['that is null', null, /must be a JSON object/],
    ['without an id', { specversion: '1.0', source: '/s', type: 't' }, /id is missing/],
    ['whose id is null', { ...minimal, id: null }, /id is missing/],
    ['whose id is empty', { ...minimal, id: '' }, /id must not be empty/],
    ['whose id is a number', { ...minimal, id: 1 }, /id must be a string/],
    ['of version 0.3', { ...minimal, specversion: '0.3' }, /specversion must be "1.0"/],
    ['whose source has a space', { ...minimal, source: '/a b' }, /source must be a URI reference/],
    ['whose source has half an escape', { ...minimal, source: '/%4' }, /source must be/],
    ['whose subject is empty', { ...minimal, subject: '' }, /subject must not be empty/],
    ['whose time is no timestamp', { ...minimal, time: 'now' }, /time must be an RFC 3339/],
    ['whose dataschema is relative', { ...minimal, dataschema: '/x' }, /dataschema must be/],
    ['whose datacontenttype is no media type', { ...minimal, datacontenttype: 'x' }, /media type/],
    ['with a capital in a name', { ...minimal, fooBar: 'x' }, /"fooBar" is not a name/],
    ['with a dash in a name', { ...minimal, 'foo-bar': 'x' }, /"foo-bar" is not a name/],
    ['with an empty name', { ...minimal, '': 'x' }, /"" is not a name/],
    ['with a structured extension', { ...minimal, ext: { a: 1 } }, /ext must not be structured/],
    ['with a fraction', { ...minimal, ext: 1.5 }, /ext must be an integer of 32 bits/],
    ['with 33 bits', { ...minimal, ext: 2 ** 31 }, /ext must be an integer of 32 bits/],
    ['with a large integer', { ...minimal, ext: 2n ** 70n }, /ext must be an integer of 32 bits/],
    ['with a control character', { ...minimal, ext: 'a\nb' }, /ext has a character/],
    ['with U+0085', { ...minimal, subject: '\u0085' }, /subject has a character/],
    ['with a noncharacter', { ...minimal, ext: '\ufdd0' }, /ext has a character/],
    ['with half a surrogate pair', { ...minimal, ext: '\ud800' }, /ext has a character/],
    ['with a bad recordedtime', { ...minimal, recordedtime: 'x' }, /recordedtime must be/],
    ['with both kinds of data', { ...minimal, data: null, data_base64: 'YQ==' }, /exclude/],
    ['with data_base64 of a number', { ...minimal, data_base64: 5 }, /must be a string in base64/],
    ['with data_base64 that is not', { ...minimal, data_base64: 'a-_b' }, /in base64/],
    ['with data_base64 that is cut', { ...minimal, data_base64: 'YWJjZ' }, /in base64/],
    [
      'with structured data of another type',
      { ...minimal, datacontenttype: 'text/plain', data: { a: 1 } },
      /data must be a string, as datacontenttype is text\/plain/,
    ],
  ])('%s', (_, json, message) => {
    expect(() => read(json)).toThrow(message);
  });
});

test('a document that is nested too deeply, not UTF-8 or not JSON is rejected', () => {
  const parse = (text: string | Uint8Array) => () => parseDocument(Buffer.from(text), 'The body');
  expect(parse('['.repeat(100_000))).toThrow('The body is nested more than 500 levels deep');
  expect(parse(Buffer.from([0x22, 0xc3, 0x22]))).toThrow('The body is not UTF-8.');
  expect(parse('{')).toThrow('The body is not JSON.');
  expect(parse('')).toThrow('The body is not JSON.');
});

test('an extension may have a name that every object has', () => {
  const { attributes } = read({ ...minimal, constructor: 'a', valueof: 'b' });
  expect(attributes.get('constructor')).toBe('a');
});

describe('data in an envelope', () => {
  test.each<[string, Record<string, Json>, ReturnType<typeof read>['data']]>([
    ['without a type is JSON', { data: '{"a":1}' }, { json: '{"a":1}' }],
    ['may be null', { data: null }, { json: null }],
    ['of +json is JSON', { datacontenttype: 'a/b+json; v=1', data: [1] }, { json: [1] }],
    ['of text is text', { datacontenttype: 'text/xml', data: '<a/>' }, { text: '<a/>' }],
    ['may be bytes', { data_base64: 'AAH/' }, { base64: 'AAH/' }],
    ['may be absent', { data_base64: null }, undefined],
    ['keeps every digit', { data: 2n ** 70n }, { json: 2n ** 70n }],
  ])('%s', (_, members, data) => {
    expect(read({ ...minimal, ...members }).data).toEqual(data);
  });
});

describe('data in a body', () => {
  test.each([
    [
      'without a type is JSON',
      undefined,
      '{"a":12345678901234567890}',
      { json: { a: 12345678901234567890n } },
    ],
    ['of +json is JSON', 'application/vnd.a+json', 'null', { json: null }],
    ['of text is text', 'text/plain; charset=utf-8', 'né', { text: 'né' }],
    ['of XML is text', 'application/soap+xml', '<a/>', { text: '<a/>' }],
    ['of another charset is bytes', 'text/plain; charset=latin1', 'a', { base64: 'YQ==' }],
    ['of another type is bytes', 'application/octet-stream', 'a', { base64: 'YQ==' }],
    ['that is empty is absent', 'application/json', '', undefined],
  ])('%s', (_, contentType, body, data) => {
    expect(binary(contentType, body)).toEqual(data);
  });

  test('that is called text and is not UTF-8 is bytes', () => {
    expect(binary('text/plain', Buffer.from([0xff]))).toEqual({ base64: '/w==' });
  });

  test('that is called JSON and is not is rejected', () => {
    expect(() => binary('application/json', '{')).toThrow('The data is not JSON.');
  });
});

test.each<[string, readonly (readonly [string, string])[], RegExp]>([
  ['is there twice', [...headers, ['ce-id', 'b']], /ce-id is there twice/],
  ['has a name that is not allowed', [...headers, ['ce-a-b', 'b']], /"a-b" is not a name/],
  ['is called data', [...headers, ['ce-data', 'b']], /"data" is not a name/],
  ['has no name', [...headers, ['ce-', 'b']], /"" is not a name/],
  ['is missing', headers.slice(1), /specversion is missing/],
  ['has a control character', [...headers, ['ce-ext', '%00']], /ext has a character/],
])('a header that %s is rejected', (_, given, message) => {
  expect(() => readBinary(given, undefined, new Uint8Array())).toThrow(message);
});

describe('an event', () => {
  test('has its attributes as fields and traits', () => {
    const attributes = {
      subject: 'order-1',
      time: '2026-11-20T08:15:30Z',
      severitynumber: 18,
      severitytext: 'ERROR2',
      recordedtime: '2026-11-20T08:15:31Z',
      done: true,
      traceparent: '00-a-b-01',
      datacontenttype: 'application/json',
    };
    const json = { ...minimal, ...attributes, data: { n: 1 } };
    expect(draft({ ...attributes, data: { n: 1 } })).toEqual({
      dialect: 'CLOUDEVENTS',
      id: expect.stringMatching(/^.{14}5/),
      type: 't',
      severity: 'ERROR',
      source: { service: '/s' },
      key: 'order-1',
      filterKeys: ['a'],
      traits: [
        { name: 'severitynumber', type: 'INT', value: 18 },
        { name: 'severitytext', type: 'TEXT', value: 'ERROR2' },
        { name: 'recordedtime', type: 'DATETIME', value: '2026-11-20T08:15:31Z' },
        { name: 'done', type: 'TEXT', value: 'true' },
        { name: 'traceparent', type: 'TEXT', value: '00-a-b-01' },
        { name: 'datacontenttype', type: 'TEXT', value: 'application/json' },
      ],
      value: { n: 1 },
      time: '2026-11-20T08:15:30Z',
      clock: 'REJECT',
      raw: json,
    });
  });

  test('has the id of its source and id, the same each time', () => {
    expect(draft({}).id).toBe(draft({ data: 1, ext: 'x' }).id);
    expect(draft({}).id).not.toBe(draft({ source: '/other' }).id);
    const uuid = '0192F0C1-0000-7000-8000-000000000001';
    expect(draft({ id: uuid })).toMatchObject({ id: uuid.toLowerCase(), filterKeys: [] });
  });

  test.each([
    ['a.b.c', { type: 'a.b.c' }],
    ['.a', { category: '.a' }],
    ['a.', { category: 'a.' }],
  ])('of type %s', (type, kind) => {
    expect(draft({ type })).toMatchObject(kind);
  });

  test.each([
    [{ severitynumber: 16 }, 'NORMAL'],
    [{ severitynumber: 17, severitytext: 'info' }, 'ERROR'],
    [{ severitytext: 'Fatal' }, 'ERROR'],
    [{ severitytext: 'WARN' }, 'NORMAL'],
    [{}, null],
  ])('with %j is %s', (attributes, severity) => {
    expect(draft(attributes).severity).toBe(severity);
  });
});
