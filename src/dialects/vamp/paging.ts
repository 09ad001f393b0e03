import { VampError } from './vamp-error.ts';

/** Vamp answers at most this number of events a page. */
const maxPerPage = 30;

export interface Paging {
  /** From 1. */
  readonly page: number;
  readonly perPage: number;
}

/** @throws VampError where a number is malformed */
export function readPaging(parameters: URLSearchParams): Paging {
  return {
    page: Math.max(1, readInteger(parameters, 'page', 1)),
    perPage: Math.min(maxPerPage, Math.max(1, readInteger(parameters, 'per_page', maxPerPage))),
  };
}

function readInteger(parameters: URLSearchParams, name: string, fallback: number): number {
  const text = parameters.get(name);
  if (text === null) return fallback;
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw new VampError(
    `The query parameter '${name}' was malformed:\n'${text}' is not a valid 64-bit signed integer value`,
  );
}

/** The headers of a list. All four links are always present; the last page of an empty list is 0. */
export function pagingHeaders(
  url: URL,
  { page, perPage }: Paging,
  total: number,
): Record<string, string> {
  const last = Math.ceil(total / perPage);
  const link = (rel: string, target: number): string => {
    const parameters = new URLSearchParams(url.searchParams);
    parameters.set('per_page', String(perPage));
    parameters.set('page', String(target));
    return `<${url.origin}${url.pathname}?${parameters}>; rel=${rel}`;
  };
  const links = [
    link('first', 1),
    link('prev', Math.max(page - 1, 1)),
    link('next', Math.min(page + 1, last)),
    link('last', last),
  ];
  return { Link: links.join(', '), 'X-Total-Count': String(total) };
}
