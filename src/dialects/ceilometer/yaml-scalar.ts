import { float, integer, type Value } from './python/value.ts';

const nullForm = /^(?:~|null|Null|NULL|)$/;
const trueForm = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const falseForm = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
const intForm =
  /^([-+]?)(?:0b([01_]+)|0x([0-9a-fA-F_]+)|0([0-7_]+)|(0|[1-9][0-9_]*)|([1-9][0-9_]*(?::[0-5]?[0-9])+))$/;
const floatForm =
  /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/;
const sexagesimalForm = /^([-+]?)([0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/;
const infinityForm = /^([-+]?)\.(?:inf|Inf|INF)$/;
const nanForm = /^\.(?:nan|NaN|NAN)$/;

/** The value of a scalar without quotes in PyYAML, which reads YAML 1.1. Dates stay strings. */
export function plainScalar(text: string): Value {
  if (nullForm.test(text)) return null;
  if (trueForm.test(text)) return true;
  if (falseForm.test(text)) return false;
  return intOf(text) ?? floatOf(text) ?? text;
}

function intOf(text: string): number | bigint | undefined {
  const match = intForm.exec(text);
  if (match === null) return undefined;
  const [, sign, binary, hexadecimal, octal, decimal, sexagesimal] = match.map((part) =>
    part?.replaceAll('_', ''),
  );
  const size =
    sexagesimal === undefined
      ? BigInt(
          prefixed('0b', binary) ??
            prefixed('0x', hexadecimal) ??
            prefixed('0o', octal) ??
            decimal ??
            0,
        )
      : BigInt(fromSexagesimal(sexagesimal));
  return integer(sign === '-' ? -size : size);
}

const prefixed = (prefix: string, digits: string | undefined): string | undefined =>
  digits === undefined ? undefined : prefix + (digits === '' ? '0' : digits);

function floatOf(text: string): Value | undefined {
  const plain = text.replaceAll('_', '');
  if (floatForm.test(text)) return float(Number(plain));
  const infinity = infinityForm.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  if (nanForm.test(text)) return Number.NaN;
  const [, sign, sexagesimal] = sexagesimalForm.exec(plain) ?? [];
  if (sexagesimal === undefined) return undefined;
  return float((sign === '-' ? -1 : 1) * fromSexagesimal(sexagesimal));
}

/** 190:20:30 counts in sixties. */
const fromSexagesimal = (text: string): number =>
  text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
