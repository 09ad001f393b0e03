import type { ComponentChildren } from 'preact';

interface FactProps {
  readonly title: ComponentChildren;
  /** An ellipsis where it is not known yet. */
  readonly children: ComponentChildren;
}

/** A line of a list of facts. */
export const Fact = ({ title, children }: FactProps) => (
  <>
    <dt>{title}</dt>
    <dd>{children ?? '…'}</dd>
  </>
);
