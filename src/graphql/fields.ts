// Loading this file gives the builder every field of Tidings' own; gateway/schema.ts makes the schema of them.
import './scalars.ts';
import './aggregate.ts';
import './events.ts';
import './feed.ts';
import './journal-status.ts';
import './report.ts';
import './sink.ts';
import './sink-management.ts';
import './alarm.ts';
import './alarm-rule.ts';
import './tag.ts';
import './access.ts';
import { builder, type FieldBuilder } from './builder.ts';

/** The builder with all of Tidings' own fields. */
export const ownFields: FieldBuilder = builder;
