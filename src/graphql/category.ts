import {
  builtInCategories,
  type CatalogueAction,
  type CatalogueCategory,
} from '../event/catalogue.ts';
import { builder } from './builder.ts';
import { PlaneEnum } from './enums.ts';
import { listLimits, namesOf } from './limits.ts';
import { lookUpActions } from './lookups.ts';

const builtIn = new Map(builtInCategories.map((category) => [category.name, category]));

/** A category by its name, under which the catalogue and the store know the rest. */
export interface CategoryName {
  readonly name: string;
}

type Action = Pick<CatalogueAction, 'name'> & Partial<CatalogueAction>;

const CategoryActionRef = builder.objectRef<Action>('CategoryAction').implement({
  description: 'Something that happens in a category.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The action of such events.' }),
    description: t.exposeString('description', {
      nullable: true,
      description: 'Its meaning; null where the catalogue does not know the action.',
    }),
    plane: t.expose('plane', {
      type: PlaneEnum,
      nullable: true,
      description: 'The side of the system that reports it, where the catalogue knows the action.',
    }),
  }),
});

export const CategoryRef = builder.objectRef<CategoryName>('Category').implement({
  description: 'A kind of thing to which something happens.',
  fields: (t) => ({
    name: t.exposeString('name', { description: "The category's name." }),
    description: t.string({
      nullable: true,
      description: 'Its meaning; null where the catalogue does not know the category.',
      resolve: ({ name }) => builtIn.get(name)?.description,
    }),
    actions: t.field({
      type: [CategoryActionRef],
      description: 'The built-in actions, then whatever else has been reported in it.',
      resolve: async ({ name }, _args, { store }) => {
        const known = builtIn.get(name)?.actions ?? [];
        const reported = (await lookUpActions(store, name)) ?? [];
        const further = reported.filter((action) => !known.some((one) => one.name === action));
        return [...known, ...further.map((action) => ({ name: action }))];
      },
    }),
  }),
});

builder.queryField('categories', (t) =>
  t.field({
    type: [CategoryRef],
    description:
      'The catalogue of categories and their actions: built in, and whatever has been reported.',
    args: {
      names: t.arg.stringList({
        description: `Only these, at most ${listLimits.names}; all without it.`,
      }),
    },
    resolve: async (_root, args, { store }) => {
      const names = namesOf(args.names, 'names');
      const seen = await store.types(names);
      const wanted = builtInCategories.filter(({ name }) => names?.includes(name) ?? true);
      return distinct([...wanted, ...seen.map(({ category }) => ({ name: category }))]);
    },
  }),
);

const distinct = (categories: readonly (CategoryName | CatalogueCategory)[]): CategoryName[] =>
  [...new Set(categories.map(({ name }) => name))].map((name) => ({ name }));
