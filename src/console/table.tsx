import type { ComponentChildren } from 'preact';

/** The title of a column; numbers are at the right. */
type Head = string | { readonly number: string };

interface TableProps {
  readonly heads: readonly Head[];
  /** Whether the last column has buttons, and no title to see. */
  readonly withActions?: boolean;
  /** Its rows. */
  readonly children: ComponentChildren;
}

/** A table that scrolls sideways where there is not enough room. */
export const Table = ({ heads, withActions = false, children }: TableProps) => (
  <div class="table-frame">
    <table>
      <thead>
        <tr>
          {heads.map((head) =>
            typeof head === 'string' ? (
              <th key={head}>{head}</th>
            ) : (
              <th key={head.number} class="number">
                {head.number}
              </th>
            ),
          )}
          {withActions && (
            <th>
              <span class="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);
